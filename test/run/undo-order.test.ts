// In which order changes are taken back, and which together: newest first on every target, alike inverses as one.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Action, defineAction } from '../../engine/action.ts';
import { openWorld, playbook, type World } from './harness.ts';
import { Service, takeBack } from './undo-world.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

const use = (...actions: Action[]): void => {
  for (const action of actions) world.actions.set(action.name, action);
};

const INPUT = {
  type: 'object',
  properties: { ids: { type: 'array', items: { type: 'string' } }, back: { type: 'string' } },
  additionalProperties: false,
} as const;

/** Two steps that work at the same time: `a` sets x, then `b` sets x over it, then `a` sets y. */
function twoAtOnce(values: Map<string, string>, calls: string[], stepUndo: boolean): Action[] {
  const aWasFirst = Promise.withResolvers<void>();
  const bWasSecond = Promise.withResolvers<void>();
  const make = (step: 'a' | 'b', value: string, earlier: string): Action =>
    defineAction({
      name: `test.${step}`,
      title: step,
      effect: 'change',
      idempotent: true,
      isUndoable: true,
      describe: async (_kind, ids) =>
        new Map(ids.map((id) => [id, { attributes: {}, state: { v: values.get(id) ?? 'old' } }])),
      input: INPUT,
      output: {},
      run: async ({ ids, back }, ctx) => {
        const to = back ?? value;
        const put = async (id: string): Promise<void> => {
          const undo = { uses: `test.${step}`, with: { back: earlier }, each: 'ids' };
          const spec = { kind: 'value', verb: 'put', after: { v: to }, targets: [{ id }] };
          await ctx.changes({ ...spec, ...(stepUndo ? {} : { undo }) }, async () => {
            calls.push(`${id}=${to}`);
            values.set(id, to);
            return undefined;
          });
        };
        if (ids) for (const id of ids) await put(id);
        else if (step === 'a') {
          await put('x');
          aWasFirst.resolve();
          await bWasSecond.promise;
          await put('y');
        } else {
          await aWasFirst.promise;
          await put('x');
          bWasSecond.resolve();
        }
        return null as never;
      },
    });
  return [make('a', 'A', 'old'), make('b', 'B', 'A')];
}
const together = (undoOf: (step: string) => string): string => `  - id: both
    title: Both
    parallel: true
    steps:
      - { id: a, title: A, uses: test.a${undoOf('a')} }
      - { id: b, title: B, uses: test.b${undoOf('b')} }
`;

test('a target that two steps changed in turn goes back through both, the newest first', async () => {
  const values = new Map<string, string>();
  const calls: string[] = [];
  use(...twoAtOnce(values, calls, false));
  const { runId, plan } = await world.start(playbook(together(() => '')));
  expect(calls.splice(0)).toEqual(['x=A', 'x=B', 'y=A']);
  const { state } = await takeBack(world, runId, { plan });
  expect(state.undo).toBeNull();
  expect(Object.fromEntries(values)).toEqual({ x: 'old', y: 'old' });
  expect(calls).toEqual(['y=old', 'x=A', 'x=old']);
});

test('a step’s own undo, which takes all of its changes back at once, waits for what was put over one of them', async () => {
  const values = new Map<string, string>();
  const calls: string[] = [];
  use(...twoAtOnce(values, calls, true));
  const undoOf = (step: string): string =>
    `, undo: { uses: test.${step}, with: { ids: [${step === 'a' ? 'x, y' : 'x'}], back: ${step === 'a' ? 'old' : 'A'} } }`;
  const { runId, plan } = await world.start(playbook(together(undoOf)));
  calls.length = 0;
  const { state } = await takeBack(world, runId, { plan });
  expect(state.undo).toBeNull();
  expect(calls).toEqual(['x=A', 'x=old', 'y=old']);
});

const EACH = playbook(
  '  - { id: each, title: Each, forEach: inputs.users, as: who, uses: test.ban, approval: { none: a test }, with: { users: ["${{ who }}"] } }\n',
  'inputs:\n  users: { type: array, items: { type: string } }\n',
);

test('alike inverses of neighbouring steps are one call: a loop of twenty bans is taken back at once', async () => {
  const service = new Service(20);
  use(...service.actions(50));
  const { runId, plan } = await world.start(EACH, { inputs: { users: [...service.ids()] } });
  let calls = 0;
  service.onCall = () => {
    calls += 1;
  };
  const { state } = await takeBack(world, runId, { plan });
  expect(Object.values(service.snapshot())).toEqual(Array(20).fill(false));
  expect(calls).toBe(1);
  expect([...state.steps.keys()].filter((path) => path.startsWith('undo'))).toHaveLength(1);
  expect(state.steps.get('undo1/1')?.title).toBe('Take back ban of 20 × user (Each: u19 and 19 more steps)');
});

test('what was done between two alike steps is taken back between them', async () => {
  const service = new Service(2);
  const values = new Map<string, string>();
  const put = defineAction({
    name: 'test.put',
    title: 'Put',
    effect: 'change',
    idempotent: true,
    isUndoable: true,
    describe: async (_kind, ids) =>
      new Map(ids.map((id) => [id, { attributes: {}, state: { v: values.get(id) ?? '' } }])),
    input: INPUT,
    output: {},
    run: async ({ back }, ctx) => {
      const undo = { uses: 'test.put', with: { back: 'old' } };
      await ctx.change({ kind: 'value', id: 'x', verb: 'put', after: { v: back ?? 'new' }, undo }, async () => {
        service.calls.push(`put ${back ?? 'new'}`);
        values.set('x', back ?? 'new');
      });
      return null as never;
    },
  });
  use(...service.actions(50), put);
  const { runId, plan } = await world.start(
    playbook(`  - { id: one, title: One, uses: test.ban, approval: { none: a test }, with: { users: [u0] } }
  - { id: mid, title: Mid, uses: test.put }
  - { id: two, title: Two, uses: test.ban, approval: { none: a test }, with: { users: [u1] } }
`),
  );
  service.calls.length = 0;
  await takeBack(world, runId, { plan });
  expect(service.calls).toEqual(['unban u1', 'put old', 'unban u0']);
});

test('one target changed in several rounds is taken back once', async () => {
  const service = new Service(1);
  let rounds = 0;
  const again = defineAction({
    name: 'test.again',
    title: 'Again',
    effect: 'destructive',
    idempotent: true,
    isUndoable: true,
    input: { type: 'object', properties: {}, additionalProperties: false },
    output: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] },
    run: async (_input, ctx) => {
      rounds += 1;
      const undo = { uses: 'test.unban', each: 'users' };
      await ctx.changes(
        { kind: 'user', verb: 'ban', after: { banned: true }, targets: [{ id: 'u0' }], undo },
        async () => {
          service.banned.set('u0', true);
          return undefined;
        },
      );
      return { n: rounds };
    },
  });
  use(...service.actions(10), again);
  const { runId, plan } = await world.start(
    playbook(
      '  - { id: act, title: Act, uses: test.again, approval: { none: a test }, until: output.n >= 2, every: 1ms, timeout: 5s }\n',
    ),
  );
  const { state } = await takeBack(world, runId, { plan });
  expect(service.calls).toEqual(['unban u0']);
  expect([...(state.changes.get('act')?.values() ?? [])].map(({ undone }) => undone)).toEqual([1, 1]);
});
