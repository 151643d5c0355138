// A step's own undo: whom it is about, and what comes of it where it cannot be worked out.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Action, defineAction } from '../../engine/action.ts';
import { nobody, type People } from '../../engine/run/people.ts';
import { ofType, openWorld, playbook, type World } from './harness.ts';
import { flagService, Service, takeBack } from './undo-world.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

const use = (...actions: Action[]): void => {
  for (const action of actions) world.actions.set(action.name, action);
};

/** As shell.run and http.request: what it acts on is said by the playbook. */
function pointing(calls: string[]): Action {
  return defineAction({
    name: 'test.point',
    title: 'Point',
    effect: 'playbook',
    idempotent: true,
    input: { type: 'object', properties: { to: { type: 'string' } }, required: ['to'], additionalProperties: false },
    output: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] },
    run: async ({ to }, ctx) => {
      const { kind, id } = ctx.target ?? { kind: 'request', id: 'none' };
      await ctx.changes({ kind, verb: 'post', after: { to }, targets: [{ id }] }, async () => {
        calls.push(`${kind} ${id} ${to}`);
        return undefined;
      });
      return { n: calls.length };
    },
  });
}

test('it is about the target of its step, also where that was changed in several rounds', async () => {
  const calls: string[] = [];
  use(pointing(calls));
  const yaml = playbook(
    '  - { id: p, title: P, uses: test.point, effect: change, target: { kind: service, id: web }, with: { to: a }, until: output.n >= 2, every: 1ms, timeout: 5s, undo: { uses: test.point, with: { to: b } } }\n',
  );
  const { runId, plan } = await world.start(yaml);
  expect(calls.splice(0)).toEqual(['service web a', 'service web a']);
  const { state } = await takeBack(world, runId, { plan, isUnchecked: true });
  expect(calls).toEqual(['service web b']);
  expect(state.undo).toBeNull();
  expect([...(state.changes.get('p')?.values() ?? [])].map(({ undone }) => undone)).toEqual([1, 1]);
});

test('of several targets each gets its own, where the action acts on the one that it is given', async () => {
  const calls: string[] = [];
  const service = new Service(3);
  use(...service.actions(), pointing(calls));
  const { runId, plan } = await world.start(
    playbook(
      '  - { id: ban, title: Ban, uses: test.ban, approval: { none: a test }, with: { users: [u0, u1, u2] }, undo: { uses: test.point, with: { to: b } } }\n',
    ),
  );
  const { state } = await takeBack(world, runId, { plan, isUnchecked: true });
  expect(calls.sort()).toEqual(['user u0 b', 'user u1 b', 'user u2 b']);
  expect(state.undo).toBeNull();
});

/** Its output is never accepted, and its undo reads it. */
const NEVER_ACCEPTED = `  - { id: ban, title: Ban, uses: test.ban, approval: { none: a test }, with: { users: [u0, u1] } }
  - id: flag
    title: Flag
    uses: test.set
    with: { to: "on" }
    assert: ["output.was == 'never'"]
    onFailure: continue
    undo: { uses: test.set, with: { to: "\${{ output.was }}" } }
`;

test('one that reads an output which is not there leaves its changes with the reason, and the rest is taken back', async () => {
  const service = new Service(2);
  const { flag, set } = flagService();
  use(...service.actions(10), set);
  const { runId, plan } = await world.start(playbook(NEVER_ACCEPTED));
  expect(flag.value).toBe('on');
  const { state } = await takeBack(world, runId, { plan, isUnchecked: true });
  expect(state.undo).toBeNull();
  expect(service.snapshot()).toEqual({ u0: false, u1: false });
  const [left] = ofType(await world.events(runId), 'undo.left').flatMap(({ data }) => data.changes);
  expect(left).toMatchObject({ step: 'flag', why: 'unresolved' });
  expect(left?.text).toContain('output');
});

test('of a temporary step, it leaves the run waiting for a person, not broken, and ends once that is kept', async () => {
  const service = new Service(2);
  const { flag, set } = flagService();
  use(...service.actions(10), set);
  const { runId, plan, end } = await world.start(playbook(`${NEVER_ACCEPTED}    temporary: 1h\n`));
  expect(end.status).toBe('waiting');
  expect((await world.resume(runId, plan)).end.status).toBe('waiting');
  const people: People = {
    ...nobody,
    temporary: async () => ({ kind: 'keep', actor: 'person:ana', reason: 'it may stay on' }),
  };
  expect((await world.resume(runId, plan, { people })).end.status).toBe('done');
  expect(flag.value).toBe('on');
});
