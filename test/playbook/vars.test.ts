import { expect, test } from 'vitest';
import type { Json, JsonObject } from '../../engine/json.ts';
import { brief, compile, planOf, playbook, scope } from './helpers.ts';

const NOOP = '  - id: act\n    uses: test.noop\n';

/** Computed as a run does: one after the other, each seeing those before. */
function varsOf(top: string, inputs: JsonObject = {}): JsonObject {
  const vars: { [name: string]: Json } = {};
  for (const { name, value } of planOf(playbook(NOOP, top)).units.get('')?.vars ?? [])
    vars[name] = value.resolve(scope({ inputs, vars }));
  return vars;
}

test('vars hold plain values, expressions with their types and text, each seeing those before it', () => {
  const top = `inputs:
  n: { type: integer }
vars:
  twice: "\${{ inputs.n * 2 }}"
  place: { zone: a, sizes: [1, "\${{ vars.twice }}"] }
  text: zone \${{ vars.place.zone }} has \${{ vars.place.sizes[1] }}
`;
  expect(varsOf(top, { n: 4 })).toEqual({ twice: 8, place: { zone: 'a', sizes: [1, 8] }, text: 'zone a has 8' });
});

test.each([
  ['3', 'vars.x + 1 == 4'],
  ['1.5', 'vars.x * 2.0 > 1.0'],
  ['text', "vars.x.startsWith('t')"],
  ['true', 'vars.x'],
  ['[a, b]', 'vars.x.exists(one, one == "a")'],
  ['[1, 2.5]', 'vars.x.all(one, one > 0.5)'],
  ['{ a: { b: 2 } }', 'vars.x.a.b == 2'],
  ['[{ a: 1 }, { b: 2 }]', 'size(vars.x) == 2'],
  ['"${{ timestamp(run.startedAt) }}"', 'timestamp(vars.x) < timestamp("2040-01-01T00:00:00Z")'],
  ['"${{ [1, 2].map(n, n * 2) }}"', 'vars.x[0] + 1 == 3'],
  ['"${{ inputs.rows.map(one, one.id) }}"', 'vars.x.all(one, one.size() > 0)'],
  ['"${{ inputs.rows[0] }}"', 'vars.x.age > 3'],
])('the type of a var is that of its value: %s', (value, condition) => {
  const rows =
    'inputs:\n  rows: { type: array, items: { type: object, properties: { id: { type: string }, age: { type: integer } }, required: [id, age], additionalProperties: false } }\n';
  const text = playbook(`${NOOP}    when: ${JSON.stringify(condition)}\n`, `${rows}vars:\n  x: ${value}\n`);
  expect(brief(compile(text))).toEqual([]);
  const plan = planOf(text);
  const given = scope({ inputs: { rows: [{ id: 'a', age: 4 }] } });
  const x = plan.units.get('')?.vars[0]?.value.resolve(given) ?? null;
  expect(plan.nodes.get('act')?.when?.evaluate({ ...given, vars: { x } })).toBe(true);
});

test('a key that an optional value leaves out is read under has()', () => {
  const top = 'inputs:\n  since: { type: string, required: false }\nvars:\n  x: { since: "${{ inputs.?since }}" }\n';
  const at = (when: string): string[] => brief(compile(playbook(`${NOOP}    when: ${when}\n`, top)));
  expect(at("vars.x.since == ''")).toEqual(['E_PLAYBOOK_OPTIONAL 11:18']);
  expect(at("has(vars.x.since) && vars.x.since == ''")).toEqual([]);
});

test('vars that double and double in what they hold are answered at once', () => {
  const lines = Array.from({ length: 200 }, (_, i) =>
    i === 0 ? '  v0: [1]\n' : `  v${i}: { l: "\${{ vars.v${i - 1} }}", r: "\${{ vars.v${i - 1} }}" }\n`,
  );
  expect(brief(compile(playbook(NOOP, `vars:\n${lines.join('')}`)))).toEqual([]);
});

test('10,000 vars, each reading the one before, compile', () => {
  const lines = Array.from({ length: 10_000 }, (_, i) =>
    i === 0 ? '  v0: 1\n' : `  v${i}: "\${{ vars.v${i - 1} + 1 }}"\n`,
  );
  expect(planOf(playbook(NOOP, `vars:\n${lines.join('')}`)).units.get('')?.vars).toHaveLength(10_000);
});
