// Manual steps and approvals in the engine: whose word counts, and for what.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { defineAction } from '../../engine/action.ts';
import { nobody, type People } from '../../engine/run/people.ts';
import { act, ofType, openWorld, playbook, type World } from './harness.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

const answers = (...values: number[]): Pick<People, 'manual'> => {
  const left = [...values];
  return { manual: async () => ({ kind: 'answered', actor: 'person:ana', fields: { n: left.shift() ?? 0 } }) };
};
const approvedAnswer = playbook(`  - id: ask
    title: Ask
    manual: How many?
    fields: { n: { type: integer } }
    assert: [output.n < 100]
    approval: { by: 1 }
`);

test('a denied approval of a manual step fails the step once', async () => {
  const people: People = {
    ...nobody,
    ...answers(1),
    approval: async () => ({ kind: 'denied', actor: 'person:boss', reason: 'no' }),
  };
  const { end, runId } = await world.start(approvedAnswer, { people });
  expect(end.status).toBe('failed');
  expect(ofType(await world.events(runId), 'approval.requested')).toHaveLength(1);
});

test('an approval of one answer does not hold for another', async () => {
  const approval: People['approval'] = async () => ({ kind: 'given', actor: 'person:boss' });
  const { runId, plan, state } = await world.start(approvedAnswer);
  // Straight into the journal, as a process of another version might: the answer breaks the assert after its approval.
  await world.journal.append({
    runId,
    since: state.seq,
    fence: null,
    drafts: [
      {
        type: 'manual.answered',
        actor: 'person:ana',
        step: 'ask',
        data: { fields: { n: 500 }, evidence: [], by: 'ana' },
      },
    ],
  });
  const second = await world.resume(runId, plan, { people: { ...nobody, approval } });
  expect(second.state.steps.get('ask')?.error?.code).toBe('E_MANUAL_ANSWER');
  const retry: People['failure'] = async () => ({ kind: 'retry', actor: 'person:ana', reason: 'a slip' });
  const third = await world.resume(runId, plan, { people: { ...nobody, ...answers(7), approval, failure: retry } });
  expect(third.end.status).toBe('done');
  const requests = ofType(await world.events(runId), 'approval.requested');
  expect(requests.map((event) => event.data.inputs)).toEqual([{ n: 500 }, { n: 7 }]);
});

test('the first answer counts; a second one changes nothing', async () => {
  const { runId, plan, state } = await world.start(
    playbook(`  - { id: ask, title: Ask, manual: "How many?", fields: { n: { type: integer } } }
`),
  );
  const answer = (n: number, by: string) =>
    world.journal.append({
      runId,
      since: state.seq,
      fence: null,
      drafts: [
        { type: 'manual.answered', actor: `person:${by}`, step: 'ask', data: { fields: { n }, evidence: [], by } },
      ],
    });
  await answer(1, 'ana');
  await answer(2, 'bob');
  const { state: after } = await world.resume(runId, plan);
  expect(after.steps.get('ask')).toMatchObject({ by: 'ana', output: { value: { n: 1 } } });
});

test('a text that cannot be made fails its own step, under its onFailure, and nothing else', async () => {
  const anything = defineAction({
    name: 'test.anything',
    title: 'Anything',
    effect: 'read',
    idempotent: true,
    input: { type: 'object', additionalProperties: false },
    output: {},
    async run() {
      return { here: 1 } as never;
    },
  });
  world.actions.set('test.anything', anything);
  const { end, state } = await world.start(
    playbook(`  - { id: any, title: Any, uses: test.anything }
  - { id: ask, title: Ask, manual: "\${{ steps.any.output.there.deep }}", onFailure: continue }
  - { id: after, title: After, uses: test.echo }
`),
  );
  expect(state.steps.get('ask')).toMatchObject({ phase: 'failed', error: { code: 'E_EXPRESSION' } });
  expect(end.status).toBe('done');
});

test('an answer that breaks an assert is refused to whoever gives it', async () => {
  let problems: readonly string[] = [];
  const people: People = {
    ...nobody,
    manual: async (request) => {
      const checked = request.check({ n: 500 });
      if ('problems' in checked) problems = checked.problems;
      return { kind: 'later' };
    },
  };
  const { end } = await world.start(approvedAnswer, { people });
  expect(problems).toEqual(['assert does not hold: output.n < 100']);
  expect(end.status).toBe('waiting');
});

test('an approval by two people needs two votes of different people', async () => {
  const voters = ['boss', 'boss', 'carl'];
  world.actions.set(
    'test.act',
    act(async () => null),
  );
  const people: People = {
    ...nobody,
    approval: async () => {
      const by = voters.shift();
      return by === undefined ? { kind: 'later' } : { kind: 'given', actor: `person:${by}` };
    },
  };
  const yaml = playbook('  - { id: act, title: Act, uses: test.act, approval: { by: 2 } }\n');
  const first = await world.start(yaml, { people });
  expect(first.end).toMatchObject({ status: 'waiting', waitsFor: ['act: the approval of one other person'] });
  const second = await world.resume(first.runId, first.plan, { people });
  expect(second.end.status).toBe('done');
  expect(ofType(await world.events(first.runId), 'approval.given').map((event) => event.data.by)).toEqual([
    'boss',
    'carl',
  ]);
});

test('a plan that merely fails asks for no approval of everything, but is tried again', async () => {
  let plans = 0;
  world.actions.set(
    'test.act',
    act(async (ctx) => {
      if (ctx.planning && ++plans === 1) throw new Error('503');
      return ctx.changes(
        { kind: 'user', verb: 'ban', after: { banned: true }, targets: [{ id: 'a' }] },
        async () => undefined,
      );
    }),
  );
  const { runId } = await world.start(
    playbook('  - { id: act, title: Act, uses: test.act, approval: { by: 1 }, retry: { attempts: 2, delay: 1ms } }\n'),
  );
  const requests = ofType(await world.events(runId), 'approval.requested');
  expect(requests.map((event) => event.data.targets?.map((target) => target.id))).toEqual([['a']]);
});
