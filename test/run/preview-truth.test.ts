// A plan and the run after it say the same of owners, limits and what is so already.
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Action, DescribedTargets, Target } from '../../engine/action.ts';
import { act, ofType, openWorld, type World } from './harness.ts';
import { banner, byPath, dryRun, playbook } from './preview/dry-run.ts';
import { Service } from './undo-world.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

const use = (...actions: Action[]): void => {
  for (const action of actions) world.actions.set(action.name, action);
};
const ONE = '  - { id: act, title: Act, uses: test.act, approval: { none: a test } }\n';
const limited = (kind: string, limit: number, steps = ONE): string =>
  playbook(steps, `limits: { ${kind}: ${limit} }\n`);

/** Each target belongs to one of its own, and only this knows it. */
const ownedBy =
  (ownerKind: string, of?: string) =>
  async (kind: string, ids: readonly string[]): Promise<DescribedTargets> =>
    new Map(
      ids.map((id) => {
        const owner = of === undefined || kind === of ? { owner: { kind: ownerKind, id: `${ownerKind}-${id}` } } : {};
        return [id, { attributes: {}, state: {}, ...owner }];
      }),
    );

function ending(targets: readonly Omit<Target, 'kind'>[], more: Partial<Action> = {}): Action {
  return act(async (ctx) => {
    await ctx.changes({ kind: 'session', verb: 'end', after: { ended: true }, targets }, async () => undefined);
  }, more);
}
const SESSIONS = ['1', '2', '3'].map((id) => ({ id, before: {} }));

test('owners that only the reader knows count against limits in a plan as in the run', async () => {
  const action = ending(SESSIONS, { describe: ownedBy('user') });
  use(action);
  const yaml = limited('user', 2);
  const plan = await dryRun(yaml, { actions: [action] });
  expect(plan.limits).toEqual([{ kind: 'user', limit: 2, count: 3, isExceeded: true }]);
  expect(plan.approvals).toEqual([{ path: 'act', by: 0, limits: [{ kind: 'user', limit: 2, count: 3 }] }]);
  expect(plan.totals[0]?.owners).toEqual([{ kind: 'user', count: 3 }]);
  const { end } = await world.start(yaml);
  expect(end.waitsFor).toEqual(['act: your confirmation to touch 3 targets of kind user, over 2']);
});

test('an approval is asked with the owners that only the reader knows, where a limit is about them', async () => {
  use(ending(SESSIONS, { describe: ownedBy('user') }));
  const yaml = limited('user', 9, '  - { id: act, title: Act, uses: test.act, approval: { by: 1 } }\n');
  const { runId } = await world.start(yaml);
  const [asked] = ofType(await world.events(runId), 'approval.requested');
  expect(asked?.data.targets?.map(({ owner }) => owner?.id)).toEqual(['user-1', 'user-2', 'user-3']);
});

test('the owner of an owner counts against limits in a plan as in the run', async () => {
  const action = ending(
    SESSIONS.map((session) => ({
      ...session,
      owner: { kind: 'user', id: `u${session.id}`, owner: { kind: 'org', id: `o${session.id}` } },
    })),
  );
  use(action);
  const yaml = limited('org', 2);
  const plan = await dryRun(yaml, { actions: [action] });
  expect(plan.limits).toEqual([{ kind: 'org', limit: 2, count: 3, isExceeded: true }]);
  expect(plan.totals[0]?.owners).toEqual([
    { kind: 'user', count: 3 },
    { kind: 'org', count: 3 },
  ]);
  const { end } = await world.start(yaml);
  expect(end.waitsFor).toEqual(['act: your confirmation to touch 3 targets of kind org, over 2']);
});

test('owners of those an action will work through count too, where only the reader knows them', async () => {
  const action = act(async (ctx) => void (await ctx.expect({ kind: 'user', ids: ['a', 'b', 'c'] })), {
    describe: ownedBy('org', 'user'),
  });
  use(action);
  const yaml = limited('org', 2);
  const plan = await dryRun(yaml, { actions: [action] });
  expect(plan.limits).toEqual([{ kind: 'org', limit: 2, count: 3, isExceeded: true }]);
  const { end } = await world.start(yaml);
  expect(end.waitsFor).toEqual(['act: your confirmation to touch 3 targets of kind org, over 2']);
});

test('what is so already before an earlier change of the plan touches it is not said to stay so', async () => {
  const service = new Service(3);
  const yaml =
    playbook(`  - { id: ban, title: Ban, uses: test.ban, approval: { none: a test }, with: { users: [u0, u1] } }
  - { id: unban, title: Unban, uses: test.unban, approval: { none: a test }, with: { users: [u0, u1, u2] } }
  - { id: after, title: After, when: steps.unban.status == 'done', uses: test.echo }
`);
  const plan = await dryRun(yaml, { actions: service.actions() });
  const step = byPath(plan).get('unban')?.action;
  expect(step?.changes.map(({ outcome, targets }) => [outcome, targets.map(({ id }) => id)])).toEqual([
    ['unknown', ['u0', 'u1']],
    ['already', ['u2']],
  ]);
  expect(step?.output).toBeUndefined();
  expect(plan.totals).toMatchObject([
    { verb: 'ban', count: 2, possible: 0 },
    { verb: 'unban', count: 0, possible: 2, already: 1 },
  ]);
  expect(plan.unknowns).toEqual([
    {
      path: 'unban',
      what: 'whether it would unban 2 targets of kind user',
      why: 'so already now, and the plan itself changes them before',
    },
  ]);
  use(...service.actions());
  await world.start(yaml);
  expect(service.calls).toEqual(['ban u0', 'ban u1', 'unban u0', 'unban u1']);
});

test('an action that switches on and off again within one step is not said to leave it off', async () => {
  const flag = { kind: 'flag', id: 'checkout' };
  const describe = async (_kind: string, ids: readonly string[]): Promise<DescribedTargets> =>
    new Map(ids.map((id) => [id, { attributes: {}, state: { on: false } }]));
  const action = act(
    async (ctx) => {
      await ctx.change({ ...flag, verb: 'switch on', after: { on: true } }, async () => undefined);
      await ctx.change({ ...flag, verb: 'switch off', after: { on: false } }, async () => undefined);
    },
    { describe },
  );
  const plan = await dryRun(playbook(ONE), { actions: [action] });
  expect(
    byPath(plan)
      .get('act')
      ?.action?.changes.map(({ verb, outcome }) => [verb, outcome]),
  ).toEqual([
    ['switch on', 'planned'],
    ['switch off', 'unknown'],
  ]);
});

test('what nothing before it touches stays already so', async () => {
  const plan = await dryRun(
    playbook(`  - { id: first, title: First, uses: test.ban, with: { users: [u1] } }
  - { id: second, title: Second, uses: test.ban, with: { users: [u2] } }
`),
    { actions: [banner(['u2'])] },
  );
  expect(byPath(plan).get('second')?.action?.changes).toMatchObject([{ outcome: 'already' }]);
  expect(plan.unknowns).toEqual([]);
});
