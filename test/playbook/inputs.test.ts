import { expect, test } from 'vitest';
import { fieldDefaults, validateFields } from '../../engine/playbook/fields.ts';
import { resolveInputs } from '../../engine/playbook/inputs.ts';
import type { ManualStep } from '../../engine/playbook/plan.ts';
import { createValueValidator, problemText } from '../../engine/playbook/validate-value.ts';
import { planOf, playbook, scope } from './helpers.ts';

const plan = planOf(
  playbook(
    '  - id: ask\n    manual: Look\n    fields:\n      ok: { type: boolean }\n      users: { type: array, items: { type: string }, default: "${{ inputs.users }}" }\n      why: { type: string, required: false }\n',
    'inputs:\n  users: { type: array, items: { type: string, pattern: "^user_" }, default: [] }\n  limit: { type: integer, minimum: 1, description: How many at most }\n  since: { type: string, format: date-time, required: false }\n',
  ),
);
const ask = plan.nodes.get('ask') as ManualStep;

test('text from the command line becomes what the schema wants', () => {
  const { inputs, errors } = resolveInputs(plan, {
    users: 'user_a, user_b',
    limit: '7',
    since: '2026-01-31T03:00:00Z',
  });
  expect(errors).toEqual([]);
  expect(inputs).toEqual({ users: ['user_a', 'user_b'], limit: 7, since: '2026-01-31T03:00:00Z' });
});

test('JSON is taken too, defaults are filled in, and what may be empty stays out', () => {
  expect(resolveInputs(plan, { users: '["user_a"]', limit: 1 }).inputs).toEqual({ users: ['user_a'], limit: 1 });
  expect(resolveInputs(plan, { limit: 1 }).inputs).toEqual({ users: [], limit: 1 });
});

test('all that is wrong is told at once, missing inputs with their description', () => {
  const { errors, missing } = resolveInputs(plan, { users: 'bob', usres: 'x', since: 'yesterday' });
  expect(missing.map((one) => one.name)).toEqual(['limit']);
  expect(errors.map((one) => `${one.code} ${one.message}`)).toEqual([
    'E_INPUT_INVALID Input `users`[0]: does not match the pattern ^user_',
    'E_INPUT_MISSING Input `limit` is missing: How many at most',
    'E_INPUT_INVALID Input `since`: must be a time such as 2026-01-31T03:00:00Z',
    'E_INPUT_UNKNOWN The playbook test has no input `usres`',
  ]);
  expect(errors.at(-1)?.hint).toBe('did you mean `users`?');
});

test('answers of a person are coerced, completed by defaults and validated', () => {
  const defaults = fieldDefaults(ask, scope({ inputs: { users: ['user_a'] } }));
  expect(validateFields({ step: ask, given: { ok: 'yes' }, defaults }).values).toEqual({ ok: true, users: ['user_a'] });
  const { errors } = validateFields({ step: ask, given: { users: 'user_b', wy: 'x' }, defaults });
  expect(errors.map((one) => one.code)).toEqual(['E_FIELD_MISSING', 'E_FIELD_UNKNOWN']);
});

test('a value problem names the path and what was expected', () => {
  const schema = {
    type: 'object',
    properties: {
      a: { type: 'array', items: { type: 'object', properties: { b: { type: 'integer' } }, required: ['b'] } },
    },
  };
  const problems = createValueValidator().validate(schema, { a: [{ b: 'x' }, {}] });
  expect(problems.map((one) => problemText(one))).toEqual([
    'a[0].b: must be a whole number, not the text "x"',
    'a[1]: `b` is missing',
  ]);
});
