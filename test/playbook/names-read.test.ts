// What an expression says that it reads: a plan leaves unevaluated what hangs on the unknown, and evaluates the rest.
import { expect, test } from 'vitest';
import { isNameWithin } from '../../engine/playbook/names-read.ts';
import { planOf } from './helpers.ts';

const TOP = `apiVersion: runbook/v1
name: test
title: Test
inputs:
  min: { type: integer, default: 1 }
  note: { type: string, required: false }
vars:
  least: "\${{ inputs.min + 1 }}"
steps:
  - id: a
    manual: Ask
    fields:
      users: { type: array, items: { type: object, properties: { age: { type: integer } }, required: [age] } }
      count: { type: integer }
  - { id: b, onFailure: continue, manual: Ask }
`;

test.for([
  ['steps.a.output.count > 1', ['steps.a.output.count']],
  ['steps["a"].output["count"] > 1', ['steps.a.output.count']],
  ["steps.b.status == 'done'", ['steps.b.status']],
  ['steps.a.output.users.exists(u, u.age > vars.least)', ['steps.a.output.users', 'u', 'u.age', 'vars.least']],
  ['steps.a.output.users[0].age > inputs.min', ['steps.a.output.users', 'inputs.min']],
  ['has(inputs.note) && inputs.note == run.id', ['inputs.note', 'run.id']],
  ["inputs.?note.orValue('') != ''", ['inputs.note']],
  ['has(steps.b.output) ? true : vars.least == 2', ['steps.b.output', 'vars.least']],
] as const)('%s', ([source, names]) => {
  const plan = planOf(`${TOP}  - { id: c, manual: Do, when: '${source.replaceAll("'", "''")}' }\n`);
  expect([...(plan.nodes.get('c')?.when?.reads ?? [])].sort()).toEqual([...names].sort());
});

test('a template reads what its expressions read, each of which can be left as it is', () => {
  const plan = planOf(
    `${TOP}  - { id: c, manual: "\${{ string(inputs.min) }} of \${{ string(steps.a.output.count) }}" }\n`,
  );
  const node = plan.nodes.get('c');
  const text = node?.kind === 'manual' ? node.text : undefined;
  expect(text?.reads).toEqual(['inputs.min', 'steps.a.output.count']);
  const scope = { inputs: { min: 3 }, vars: {}, steps: {}, run: {}, env: {}, contacts: {} };
  const resolved = text?.resolve(scope, ({ reads }) =>
    reads?.some((name) => name.startsWith('steps.')) ? '?' : undefined,
  );
  expect(resolved).toBe('3 of ?');
});

test('a name sees what is within it, and what holds it', () => {
  expect(isNameWithin('steps.a.output', 'steps.a.output.n')).toBe(true);
  expect(isNameWithin('steps.a.output.n.x', 'steps.a.output.n')).toBe(true);
  expect(isNameWithin('steps.a.output.no', 'steps.a.output.n')).toBe(false);
  expect(isNameWithin('steps.a.status', 'steps.a.output')).toBe(false);
});
