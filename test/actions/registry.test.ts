import { expect, test } from 'vitest';
import { builtInActions } from '../../actions/index.ts';
import type { JsonObject } from '../../engine/json.ts';
import { checkSchema } from './fake-context.ts';

test('names are unique and sorted, and each has a title and a description', () => {
  const names = builtInActions.map((action) => action.name);
  expect(names).toEqual([...new Set(names)].sort());
  for (const action of builtInActions)
    expect([action.title, action.description].every(Boolean), action.name).toBe(true);
});

test('every input and output is a closed object, and its schema compiles', () => {
  for (const action of builtInActions) {
    for (const schema of [action.input, action.output]) {
      expect(schema, action.name).toMatchObject({ type: 'object', additionalProperties: false });
      expect(() => checkSchema(schema, { surprise: true }, action.name)).toThrow(/additional properties/);
    }
  }
});

test('every action that an undo names is there', () => {
  const names = builtInActions.map((action) => action.name);
  expect(names).toEqual(expect.arrayContaining(['clerk.ban-users', 'clerk.unban-users']));
});

test('every clerk action that takes users refuses what is no user id', () => {
  for (const action of builtInActions.filter(
    ({ name, input }) => name.startsWith('clerk.') && JSON.stringify(input).includes('"users"'),
  )) {
    expect(() => checkSchema(action.input, { users: ['org_1'] }, action.name)).toThrow(/pattern/);
  }
});

test('every input of a generic action says what it is for', () => {
  const generic = builtInActions.filter((action) => /^(env|http|notify|shell)\.|^wait$/.test(action.name));
  expect(generic.map((action) => action.name)).toEqual([
    'env.check',
    'http.probe',
    'http.request',
    'notify.email',
    'notify.pagerduty',
    'notify.slack',
    'notify.statuspage',
    'notify.webhook',
    'shell.run',
    'wait',
  ]);
  for (const action of generic) {
    for (const [name, property] of Object.entries(action.input.properties as JsonObject)) {
      expect(property, `${action.name}: ${name}`).toMatchObject({ description: expect.stringMatching(/\w/) });
    }
  }
});

test('actions that may do anything leave it to the step to say what they do', () => {
  const open = builtInActions.filter((action) => action.effect === 'playbook');
  expect(open.map((action) => [action.name, action.idempotent])).toEqual([
    ['http.request', false],
    ['shell.run', false],
  ]);
});
