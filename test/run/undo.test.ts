// Taking back what a run changed: exactly that, once, and nothing that somebody else changed since.
import { afterEach, expect, test } from 'vitest';
import { undoable } from '../../engine/run/undo.ts';
import { fate } from './core-model.ts';
import { ofType, openWorld, playbook, type World } from './harness.ts';
import { flagService, reopen, Service, takeBack } from './undo-world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

const users = 'users: { type: array, items: { type: string }, default: [] }';
const top = `inputs:\n  ${users}\n`;
const BAN = playbook(
  '  - { id: ban, title: Ban, uses: test.ban, approval: { none: a test }, with: { users: "${{ inputs.users }}" } }\n',
  top,
);

/** 100 users of whom 10 are banned before, banned by a run; 5 are unbanned by somebody else afterwards. */
async function banHundred(): Promise<{ service: Service; runId: string; first: object; world: World }> {
  const service = new Service(100);
  for (const id of service.ids().slice(0, 10)) service.banned.set(id, true);
  const first = service.snapshot();
  world = await openWorld(...service.actions());
  const { runId, end } = await world.start(BAN, { inputs: { users: [...service.ids()] } });
  expect(end.status).toBe('done');
  expect(service.calls).toHaveLength(90);
  for (const id of service.ids().slice(50, 55)) service.banned.set(id, false);
  service.calls.length = 0;
  return { service, runId, first, world };
}

const leftOf = (state: Awaited<ReturnType<World['fold']>>) =>
  [...(state.changes.get('ban')?.values() ?? [])].filter((change) => change.left !== undefined);

test('what a run changed is as it was before it; what somebody changed since is left and shown; what was so before stays', async () => {
  const { service, runId, first, world } = await banHundred();
  const plan = world.compile(BAN);
  const { state } = await takeBack(world, runId, { plan });
  expect(service.snapshot()).toEqual(first);
  expect(service.calls).toHaveLength(85);
  expect(service.calls.every((call) => call.startsWith('unban'))).toBe(true);
  expect(leftOf(state).map(({ id, left }) => [id, left])).toEqual(
    service
      .ids()
      .slice(50, 55)
      .map((id) => [id, 'somebody has taken it back already']),
  );
  expect(state.undo).toBeNull();
  expect(state.outcome).toBe('done');
  expect(await world.fold(runId)).toMatchObject({ undo: null, endedAt: state.endedAt });
  expect((await world.journal.runs())[0]?.status).toBe('done');
});

test('done again, it sends nothing, and the journal shows all of it', async () => {
  const { service, runId, first, world } = await banHundred();
  const plan = world.compile(BAN);
  await takeBack(world, runId, { plan });
  service.calls.length = 0;
  const { state } = await takeBack(world, runId, { plan });
  expect(service.calls).toEqual([]);
  expect(service.snapshot()).toEqual(first);
  expect(leftOf(state)).toHaveLength(5);
  const events = await world.events(runId);
  expect(ofType(events, 'undo.started').map(({ data }) => [data.undo, data.by])).toEqual([
    [1, 'ana'],
    [2, 'ana'],
  ]);
  expect(ofType(events, 'undo.ended').map(({ data }) => data.undo)).toEqual([1, 2]);
  expect(ofType(events, 'undo.left').flatMap(({ data }) => data.changes.map(({ why }) => why))).toEqual(
    Array(10).fill('changed-since'),
  );
  const unbanned = ofType(events, 'change.settled').filter(({ data }) => data.verb === 'unban');
  expect(unbanned.flatMap(({ data }) => data.results)).toHaveLength(85);
  expect(await world.journal.verify(runId)).not.toHaveProperty('brokenAt');
});

test('the same comes of it where its process is killed in the middle, again and again', async () => {
  const { service, runId, first, world } = await banHundred();
  const plan = world.compile(BAN);
  let outcome = await takeBack(world, runId, { plan, killAt: 3 });
  let kills = 0;
  while (outcome.wasKilled) {
    kills += 1;
    expect(kills).toBeLessThan(60);
    // Each process gets a little further than the run's own facts of being taken up.
    outcome = await takeBack(world, runId, { plan, goesOn: true, killAt: 4 + Math.floor(fate(7, `${kills}`) * 5) });
  }
  expect(kills).toBeGreaterThan(2);
  expect(service.snapshot()).toEqual(first);
  expect(outcome.state.undo).toBeNull();
  const undone = [...(outcome.state.changes.get('ban')?.values() ?? [])].filter(({ undone }) => undone === 1);
  expect(undone).toHaveLength(85);
  expect(leftOf(outcome.state)).toHaveLength(5);
  // A batch whose outcome was not recorded is sent again, and no other.
  expect(service.calls.length).toBeLessThanOrEqual(85 + 10 * kills);
  service.calls.length = 0;
  await takeBack(world, runId, { plan });
  expect(service.calls).toEqual([]);
});

test('with --overwrite what somebody changed since is restored too', async () => {
  const service = new Service(2);
  world = await openWorld(...service.actions());
  const { runId, plan } = await world.start(BAN, { inputs: { users: ['u0', 'u1'] } });
  const unban = await takeBack(world, runId, {
    plan,
    engine: { heldElsewhere: async () => new Map([['["user","u0"]', 'other']]) },
  });
  expect(leftOf(unban.state).map(({ id, left }) => [id, left])).toEqual([['u0', 'the open run other changed it too']]);
  expect(service.snapshot()).toEqual({ u0: true, u1: false });
  await takeBack(world, runId, {
    plan,
    overwrites: true,
    engine: { heldElsewhere: async () => new Map([['["user","u0"]', 'other']]) },
  });
  expect(service.snapshot()).toEqual({ u0: false, u1: false });
});

test('what cannot be taken back is listed before, and left and shown after, in one event', async () => {
  const service = new Service(3);
  world = await openWorld(...service.actions());
  const both = playbook(
    '  - { id: revoke, title: Revoke, uses: test.revoke, approval: { none: a test }, with: { users: [u0, u1, u2] } }\n' +
      '  - { id: ban, title: Ban, uses: test.ban, approval: { none: a test }, with: { users: [u0, u1, u2] } }\n',
  );
  const { runId, plan, state: before } = await world.start(both);
  const { reversible, irreversible } = undoable(before, plan, null);
  expect(reversible.map(({ verb, id }) => `${verb} ${id}`)).toEqual(['ban u0', 'ban u1', 'ban u2']);
  expect(irreversible.map(({ verb, id }) => `${verb} ${id}`)).toEqual(['revoke s-u0', 'revoke s-u1', 'revoke s-u2']);
  await takeBack(world, runId, { plan });
  expect(service.snapshot()).toEqual({ u0: false, u1: false, u2: false });
  const left = ofType(await world.events(runId), 'undo.left');
  expect(left).toHaveLength(1);
  expect(left[0]?.data.changes).toHaveLength(3);
});

test('only the steps that are named are taken back', async () => {
  const service = new Service(2);
  world = await openWorld(...service.actions());
  const two = playbook(
    '  - { id: one, title: One, uses: test.ban, approval: { none: a test }, with: { users: [u0] } }\n' +
      '  - id: more\n    title: More\n    steps:\n' +
      '      - { id: two, title: Two, uses: test.ban, approval: { none: a test }, with: { users: [u1] } }\n',
  );
  const { runId, plan } = await world.start(two);
  await takeBack(world, runId, { plan, steps: ['more'] });
  expect(service.snapshot()).toEqual({ u0: true, u1: false });
});

test('the run itself is left as it stands: a step that waits is not gone on with', async () => {
  const service = new Service(1);
  world = await openWorld(...service.actions());
  const waits = playbook(
    '  - { id: ban, title: Ban, uses: test.ban, approval: { none: a test }, with: { users: [u0] } }\n' +
      '  - { id: look, title: Look, manual: Look. }\n',
  );
  const { runId, plan, end } = await world.start(waits);
  expect(end.status).toBe('waiting');
  const { state } = await takeBack(world, runId, { plan });
  expect(service.snapshot()).toEqual({ u0: false });
  expect(state.steps.get('ban')?.phase).toBe('done');
  expect(state.steps.get('look')?.phase).toBe('open');
  expect((await world.journal.runs())[0]?.status).toBe('waiting');
});

const OF_A_STEP = `  - id: flag
    title: Set the flag
    uses: test.set
    with: { to: "on" }
    approval: { none: a test }
    undo: { uses: test.set, with: { to: "\${{ output.was }}" } }
`;

test('a step says itself what takes it back, from its own output', async () => {
  const { flag, set } = flagService();
  world = await openWorld(set);
  const { runId, plan } = await world.start(playbook(OF_A_STEP));
  expect(flag.value).toBe('on');
  const { state } = await takeBack(world, runId, { plan, isUnchecked: true });
  expect(flag.value).toBe('off');
  expect([...(state.changes.get('flag')?.values() ?? [])].map(({ undone }) => undone)).toEqual([1]);
  await takeBack(world, runId, { plan, isUnchecked: true });
  expect(flag.sets).toEqual(['on', 'off']);
});

test('an inverse that fails stops the undo; the same command tries it again', async () => {
  const { flag, set } = flagService();
  world = await openWorld(set);
  const { runId, plan } = await world.start(playbook(OF_A_STEP));
  flag.refuses = true;
  const stopped = await takeBack(world, runId, { plan, isUnchecked: true });
  expect(stopped.state.undo).not.toBeNull();
  expect([...stopped.state.stopped]).toEqual(['undo1/1']);
  expect((await world.journal.runs())[0]?.status).toBe('undoing');
  flag.refuses = false;
  await reopen(world, runId, 'undo1/1');
  const { state } = await takeBack(world, runId, { plan, goesOn: true });
  expect(flag.value).toBe('off');
  expect(state.undo).toBeNull();
  expect((await world.journal.runs())[0]?.status).toBe('done');
});

const TEMPORARY = `${OF_A_STEP}    temporary: 1h\n  - { id: after, title: After, uses: test.echo }\n`;
const FINALLY = 'finally:\n  - { id: last, title: Last, uses: test.echo }\n';

test('a run ends only after what was temporary is taken back; then finally runs', async () => {
  const { flag, set } = flagService();
  world = await openWorld(set);
  const { runId, end } = await world.start(playbook(TEMPORARY + FINALLY));
  expect(end.status).toBe('done');
  expect(flag.sets).toEqual(['on', 'off']);
  const events = await world.events(runId);
  const order = events
    .filter(({ type, step }) => type.startsWith('run.end') || type.startsWith('undo.') || step === 'finally/last')
    .map(({ type }) => type)
    .filter((type) => type !== 'attempt.started' && type !== 'step.opened');
  expect(order).toEqual(['run.ending', 'undo.started', 'undo.ended', 'step.done', 'run.ended']);
});

test('a temporary change stays where somebody keeps it with a reason', async () => {
  const { flag, set } = flagService();
  world = await openWorld(set);
  const { state, end } = await world.start(playbook(TEMPORARY), {
    people: {
      ...(await import('../../engine/run/people.ts')).nobody,
      temporary: async () => ({ kind: 'keep', actor: 'person:ana', reason: 'until Monday' }),
    },
  });
  expect(end.status).toBe('done');
  expect(flag.sets).toEqual(['on']);
  expect(state.kept.get('flag')).toEqual({ by: 'ana', reason: 'until Monday' });
});

test('an inverse that fails at the end leaves the run failed with its outcome kept, and resume goes on there', async () => {
  const { flag, set } = flagService();
  world = await openWorld(set);
  flag.refusesOff = true;
  const { runId, plan, end, state } = await world.start(playbook(TEMPORARY + FINALLY));
  expect(end.status).toBe('failed');
  expect(state.outcome).toBe('done');
  expect(state.steps.has('finally')).toBe(false);
  flag.refusesOff = false;
  await reopen(world, runId, 'undo1/1');
  const resumed = await world.resume(runId, plan);
  expect(resumed.end.status).toBe('done');
  expect(flag.value).toBe('off');
  expect(resumed.state.steps.get('finally/last')?.phase).toBe('done');
});

test('a change that was taken back is made again by a retry, whether its step had failed or was done', async () => {
  const service = new Service(2);
  world = await openWorld(...service.actions());
  const waits = playbook(
    '  - { id: ban, title: Ban, uses: test.ban, approval: { none: a test }, with: { users: [u0, u1] } }\n' +
      '  - { id: look, title: Look, manual: Look. }\n',
  );
  const { runId, plan } = await world.start(waits);
  await takeBack(world, runId, { plan });
  expect(service.snapshot()).toEqual({ u0: false, u1: false });
  await reopen(world, runId, 'ban');
  const { state } = await world.resume(runId, plan);
  expect(service.snapshot()).toEqual({ u0: true, u1: true });
  expect(service.calls).toEqual(['ban u0', 'ban u1', 'unban u1', 'unban u0', 'ban u0', 'ban u1']);
  expect([...(state.changes.get('ban')?.values() ?? [])].map(({ undone }) => undone)).toEqual([undefined, undefined]);
  await takeBack(world, runId, { plan });
  expect(service.snapshot()).toEqual({ u0: false, u1: false });
});
