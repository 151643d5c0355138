// What is said of common slips: the message names what is wrong, the hint how it is written.
import { expect, it } from 'vitest';
import type { Diagnostic } from '../../engine/playbook/diagnostics.ts';
import { compile, planOf, playbook } from './helpers.ts';

const NOOP = '  - id: act\n    uses: test.noop\n';

function only(text: string): Diagnostic {
  const { diagnostics } = compile(text);
  expect(diagnostics).toHaveLength(1);
  const [one] = diagnostics;
  if (one === undefined) throw new Error('it says something');
  return one;
}

it.each([
  ['{ type: integr }', '`type` must be one of string, integer,', 'did you mean `integer`?'],
  ['{ type: array, items: { type: strin } }', '`items.type` must be one of', 'did you mean `string`?'],
  ['{ type: [string, nul] }', 'not the text "nul"', 'did you mean `null`?'],
  ['{ type: object, properties: { a: { type: string } }, requird: [a] }', '`requird` is no keyword', '`required`'],
  ['{ type: string, minLenght: 3 }', '`minLenght` is no keyword', 'did you mean `minLength`?'],
  ['{ type: string, minLength: "3" }', '`minLength` must be a whole number, not the text "3"', ''],
  ['{ type: string, format: emial }', '`format` names no format: emial', 'did you mean `email`?'],
  ['{ type: string, pattern: "(" }', '`pattern` is no regular expression: Unterminated group', ''],
  ['{ type: object, properties: { a: 5 } }', '`properties.a` must be a schema, not 5', 'such as { type: string }'],
  [
    '{ type: object, properties: { a: { type: string, required: true } } }',
    '`properties.a.required` must be a list',
    'required: [id]',
  ],
])('a schema %s', (schema, message, hint) => {
  const found = only(playbook(NOOP, `inputs:\n  n: ${schema}\n`));
  expect(found.code).toBe('E_PLAYBOOK_BAD_SCHEMA');
  expect(found.message).toContain(message);
  expect(found.message).not.toMatch(/data\/|strict mode/);
  expect(found.hint ?? '').toContain(hint);
});

it('text with a colon in it is to be quoted', () => {
  const found = only(playbook(NOOP).replace('title: Test', 'title: Norway: the sequel'));
  expect([found.code, found.hint]).toEqual([
    'E_PLAYBOOK_YAML',
    'text with `: ` in it needs quotes: `title: "Norway: the sequel"`',
  ]);
});

it('one `=` is two', () => {
  for (const condition of ['steps.a.output.n = 0', 'steps.a.output.n=0']) {
    const text = playbook(`  - id: a\n    uses: test.noop\n  - id: b\n    when: ${condition}\n    uses: test.noop\n`);
    expect(only(text).hint).toBe('to compare, write `==`');
  }
});

it('a short form that there is not is written out', () => {
  expect(only(playbook(`${NOOP}    retry: 3\n`)).hint).toBe('such as `retry: { attempts: 3 }`');
  expect(only(playbook(`${NOOP}    assert: output.n == 1\n`)).hint).toBe(
    'a list, also of one: `assert: ["output.n == 1"]`',
  );
});

it('no severity is guessed from one that could be any', () => {
  const severity = (word: string) => only(playbook(NOOP, `severity: ${word}\n`));
  expect(severity('P9')).toMatchObject({ message: 'severity must be one of `P1`, `P2`, `P3`, `P4`' });
  expect(severity('P9').hint).toBeUndefined();
  expect(severity('p1').hint).toBe('did you mean `P1`?');
});

it('an output of the run itself makes no step necessary; that of a called playbook does', () => {
  const outputs = 'outputs:\n  n: "${{ steps.act.output.n }}"\n';
  const node = planOf(playbook(NOOP, outputs)).nodes.get('act');
  expect(node).toMatchObject({ isOutputRead: true, isOutputNeeded: false });
  const called = planOf(playbook('  - id: one\n    playbook: check-one\n    with: { service: web }\n'));
  expect([...called.nodes.values()].some((one) => one.isOutputNeeded)).toBe(true);
});
