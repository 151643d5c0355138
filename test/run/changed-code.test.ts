// An action whose source changed while its step was unfinished.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { nobody, type People } from '../../engine/run/people.ts';
import { act, ofType, openWorld, playbook, type StartOptions, type World } from './harness.ts';

let calls = 0;
let world: World;
beforeEach(async () => {
  calls = 0;
  world = await openWorld(
    act(async () => {
      calls += 1;
      if (calls === 1) throw new Error('not yet');
      return null;
    }),
  );
});
afterEach(() => world.close());

const text = playbook('  - { id: act, title: Act, uses: test.act, approval: { none: a test } }\n');
const retrying: People = {
  ...nobody,
  failure: async () => ({ kind: 'retry', actor: 'person:tester', reason: 'mended' }),
};
const withCode = (code: string): Pick<StartOptions, 'engine'> => ({ engine: { actionDigest: () => code } });

test('a destructive step waits for a yes before it goes on with other code than it began with', async () => {
  const { runId, plan, end } = await world.start(text, withCode('one'));
  expect(end.status).toBe('failed');
  const held = await world.resume(runId, plan, { ...withCode('two'), people: retrying });
  expect(held.end).toMatchObject({ status: 'waiting', waitsFor: ['act: your confirmation'] });
  expect(calls).toBe(1);
  const agreeing: People = { ...retrying, approval: async () => ({ kind: 'given', actor: 'person:tester' }) };
  const { end: over, state } = await world.resume(runId, plan, { ...withCode('two'), people: agreeing });
  expect(over.status).toBe('done');
  expect(calls).toBe(2);
  expect(state.steps.get('act')?.code).toBe('two');
  const [request] = ofType(await world.events(runId), 'approval.requested');
  expect(request?.data).toMatchObject({ by: 0, changedCode: { from: 'one', to: 'two' } });
});

test('the same code asks nothing, and each attempt notes what it ran', async () => {
  const { runId, plan } = await world.start(text, withCode('one'));
  const { end } = await world.resume(runId, plan, { ...withCode('one'), people: retrying });
  expect(end.status).toBe('done');
  const codes = ofType(await world.events(runId), 'attempt.started').map((event) => event.data.code);
  expect(codes).toEqual(['one', 'one']);
});

test('a step that only reads is told, and goes on', async () => {
  const action = world.actions.get('test.act');
  if (action) world.actions.set('test.act', { ...action, effect: 'read' });
  const reading = text.replace(', approval: { none: a test }', '');
  const { runId, plan } = await world.start(reading, withCode('one'));
  const { end, state } = await world.resume(runId, plan, { ...withCode('two'), people: retrying });
  expect(end.status).toBe('done');
  expect(state.steps.get('act')?.lastLog).toContain('The code of test.act has changed');
});
