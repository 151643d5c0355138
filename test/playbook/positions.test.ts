import { expect, test } from 'vitest';
import { createCollector } from '../../engine/playbook/collector.ts';
import { parseSource } from '../../engine/playbook/source.ts';
import { brief, compile, playbook } from './helpers.ts';

/** Where the letter X of each text stands, told by its content against told by the file. */
function bothPlaces(text: string): [string, string] {
  const source = parseSource({ text, file: 'x.yaml' }, createCollector());
  if (source === undefined) throw new Error('not valid YAML');
  const content = (source.value as { a: string }).a;
  const { location } = source.inside(['a'])(content.indexOf('X'), 1);
  const before = text.slice(0, text.indexOf('X')).split('\n');
  return [`${location.line}:${location.column}`, `${before.length}:${(before.at(-1) ?? '').length + 1}`];
}

test.each([
  ['plain', 'a: one two X\n'],
  ['plain over lines', 'a: one\n  two\n\n  three X\n'],
  ['single-quoted', "a: 'it''s ''X'''\n"],
  ['single-quoted over lines', "a: 'one\n\n  two X'\n"],
  ['double-quoted with escapes', 'a: "q\\" \\x41\\u00e9 \\U0001F600 \\\\ X"\n'],
  ['double-quoted with a joined line', 'a: "one \\\n   two X"\n'],
  ['literal block', 'a: |\n  one\n    two\n  three X\n'],
  ['literal block with blank lines', 'a: |2-\n\n   one\n\n  X\n'],
  ['folded block', 'a: >-\n  one\n  two\n\n  three\n    kept X\n'],
  ['anchored', 'a: &here "one X"\n'],
  ['carriage returns', 'a: |\r\n  one\r\n  X\r\n'],
])('an offset inside a %s scalar leads to its line and column', (_, text) => {
  const [found, expected] = bothPlaces(text);
  expect(found).toBe(expected);
});

test('a problem inside a template in a literal block is shown at its line and column', () => {
  const text = playbook('  - id: act\n    manual: |\n      First line.\n      Then ${{ run.idd }} here.\n');
  expect(brief(compile(text))).toEqual(['E_PLAYBOOK_UNKNOWN_FIELD 8:20']);
});

test('two mistakes in one expression are both told', () => {
  const text = playbook(
    '  - id: act\n    uses: test.noop\n    when: steps.a.output.n > 0 && steps.b.status == "done"\n',
  );
  expect(brief(compile(text))).toEqual(['E_PLAYBOOK_UNKNOWN_STEP 7:17', 'E_PLAYBOOK_UNKNOWN_STEP 7:41']);
});
