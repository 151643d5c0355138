import { expect, test } from 'vitest';
import { RunbookError } from '../../engine/errors.ts';
import type { Json } from '../../engine/json.ts';
import type { ActionStep, Scope } from '../../engine/playbook/plan.ts';
import { planOf, playbook, scope } from './helpers.ts';

const found = {
  users: ['u1', 'u2'],
  count: 2,
  ratio: 0.5,
  status: 'suspicious',
  owner: null,
  sessions: [
    { id: 's1', age: 3 },
    { id: 's2', age: 9, country: 'NO' },
  ],
  extra: { a: [1, { b: 2 }] },
};
const after: Scope = scope({ steps: { find: { status: 'done', output: found } }, inputs: { limit: 5 } });
const INPUTS = 'inputs:\n  limit: { type: integer, default: 5 }\n  since: { type: string, required: false }\n';

function outputOf(template: string): (at?: Scope) => Json | undefined {
  const plan = planOf(`${playbook('  - id: find\n    uses: test.find\n', INPUTS)}outputs:\n  x: ${template}\n`);
  return (at = after) => plan.outputs[0]?.value.resolve(at);
}

test.each([
  ['${{ steps.find.output.users }}', ['u1', 'u2']],
  ['${{ steps.find.output.count + inputs.limit }}', 7],
  ['${{ steps.find.output.ratio * 2.0 }}', 1],
  ['${{ size(steps.find.output.users) > 1 }}', true],
  ['${{ steps.find.output.sessions[1] }}', { id: 's2', age: 9, country: 'NO' }],
  ['${{ steps.find.output.sessions.filter(s, s.age > 5).map(s, s.id) }}', ['s2']],
  ['${{ steps.find.output.sessions.exists(s, has(s.country) && s.country == "NO") }}', true],
  ['${{ steps.find.output.extra.a }}', [1, { b: 2 }]],
  ['${{ steps.find.output.owner }}', null],
  [
    '"${{ steps.find.output.count }} of ${{ steps.find.output.ratio }}: ${{ steps.find.output.users.join(\', \') }}"',
    '2 of 0.5: u1, u2',
  ],
  ['a literal $${{ stays', 'a literal ${{ stays'],
  ["\"${{ {'a': {'b': 1}} }}\"", { a: { b: 1 } }],
  ['"${{ \'}}\' }}"', '}}'],
  ['"${{ timestamp(run.startedAt) + duration(\'90s\') }}"', '2026-01-31T03:01:30.000Z'],
  ['[1, "${{ inputs.limit }}", { k: "${{ run.id }}" }]', [1, 5, { k: 'r1' }]],
  ['${{ inputs.?since.orValue("never") }}', 'never'],
])('%s gives its value with its type', (template, expected) => {
  expect(outputOf(template)()).toEqual(expected);
});

test('an optional value that is absent leaves its key out', () => {
  const plan = planOf(
    playbook('  - id: find\n    uses: test.find\n    with: { since: "${{ inputs.?since }}", limit: 3 }\n', INPUTS),
  );
  const step = plan.nodes.get('find') as ActionStep;
  expect(step.with.resolve(scope())).toEqual({ limit: 3 });
  expect(step.with.resolve(scope({ inputs: { since: 'x' } }))).toEqual({ since: 'x', limit: 3 });
});

test('a secret stands in `with` and is named by the template', () => {
  const steps = '  - id: act\n    uses: test.secretive\n    with: { token: "Bearer ${{ secrets.API_KEY }}" }\n';
  const step = planOf(playbook(steps, 'requires: { secrets: [API_KEY] }\n')).nodes.get('act') as ActionStep;
  expect(step.with.readsSecrets).toEqual(['API_KEY']);
  expect(step.with.resolve(scope({ secrets: { API_KEY: 'k' } }))).toEqual({ token: 'Bearer k' });
});

test('a dyn value that does not fit fails at its position', () => {
  const resolve = outputOf('${{ steps.find.output.extra.a + 1 }}');
  const at = scope({ steps: { find: { status: 'done', output: { ...found, extra: { a: 'text' } } } } });
  expect(() => resolve(at)).toThrow(RunbookError);
  try {
    resolve(at);
  } catch (error) {
    expect(error).toMatchObject({ code: 'E_EXPRESSION', location: { file: 'test.yaml', line: 11, column: 10 } });
  }
});

test('an integer beyond 2^53 is an error, on the way in and on the way out', () => {
  expect(() => outputOf('${{ inputs.limit }}')(scope({ inputs: { limit: 2 ** 60 }, steps: after.steps }))).toThrow(
    'exactly',
  );
  expect(() => outputOf('${{ inputs.limit * 9007199254740991 }}')()).toThrow('2^53');
});

test('steps say which outputs are read, so that others need not be kept', () => {
  const plan = planOf(
    playbook(
      '  - id: find\n    uses: test.find\n  - id: a\n    uses: test.noop\n    when: steps.find.status == "done"\n  - id: b\n    uses: test.noop\n    when: steps.a.status == "done" && steps.a.output.n > 0\n',
    ),
  );
  expect([...plan.nodes.values()].map((node) => [node.path, node.isOutputRead])).toEqual([
    ['', false],
    ['find', false],
    ['a', true],
    ['b', false],
  ]);
});
