// Locks, compromised passwords, the flag for verification, and the lockout, against the drill's Clerk.
import { expect, onTestFinished, test } from 'vitest';
import compromisePasswords from '../../../actions/clerk/compromise-passwords.ts';
import listUsers from '../../../actions/clerk/list-users.ts';
import lockUsers from '../../../actions/clerk/lock-users.ts';
import lockoutUsers from '../../../actions/clerk/lockout-users.ts';
import requireVerification from '../../../actions/clerk/require-verification.ts';
import setUserMetadata from '../../../actions/clerk/set-user-metadata.ts';
import unlockUsers from '../../../actions/clerk/unlock-users.ts';
import { PermanentFailure } from '../../../engine/action.ts';
import type { Choices } from '../../../engine/drill/scenario.ts';
import { type DrillWorld, startWorld } from '../../../engine/drill/world.ts';
import type { JsonObject } from '../../../engine/json.ts';
import { ask as askWorld, must, rows, scenarioWith, temporaryFile } from '../../drill/helpers.ts';
import { FakeClock, type FakeOptions, type FakeRun, fakeRun } from '../fake-context.ts';
import { fault } from './key-drill.ts';

interface Drill {
  readonly world: DrillWorld;
  readonly clock: FakeClock;
  readonly users: readonly string[];
  run(options?: FakeOptions): FakeRun;
}

async function start(
  given: {
    readonly faults?: readonly JsonObject[];
    readonly choices?: Partial<Choices>;
    readonly world?: JsonObject;
  } = {},
): Promise<Drill> {
  const parsed = scenarioWith(given.world, { faults: [...(given.faults ?? [])] });
  const choices = { ...parsed.world.choices, ...given.choices };
  const scenario = { ...parsed, world: { ...parsed.world, choices } };
  const clock = new FakeClock();
  const world = await startWorld({ scenario, stateFile: temporaryFile(), clock });
  onTestFinished(() => world.stop());
  const secrets = { CLERK_SECRET_KEY: world.secretKey };
  return {
    world,
    clock,
    users: world.ground.compromised,
    run: (options) => fakeRun({ secrets, env: world.env, ...options }, clock),
  };
}

const plainFetch = globalThis.fetch;
/** Not an action's: past the gate that the fake context puts in. */
function ask(...given: Parameters<typeof askWorld>): ReturnType<typeof askWorld> {
  globalThis.fetch = plainFetch;
  return askWorld(...given);
}

const factsOf = (world: DrillWorld, users: readonly string[]) =>
  world.facts().concerned.filter(({ id }) => users.includes(id));
const requestsTo = (world: DrillWorld, route: string): number =>
  world.requests().find((one) => one.route === route)?.requests ?? 0;

test('locks users one a request, leaves those locked before alone, and says when the first lock runs out', async () => {
  const { world, users, run } = await start({ choices: { lockSeconds: 600 } });
  const first = must(users[0]);
  await ask(world, 'POST', `/v1/users/${first}/lock`);
  const output = await run().run(lockUsers, { users: [...users, 'user_nobody'] });
  expect(output).toEqual({ locked: 3, alreadyLocked: 1, failed: ['user_nobody'], expiresInSeconds: 600 });
  expect(requestsTo(world, 'POST /v1/users/:userId/lock')).toBe(4);
  expect(factsOf(world, users).every(({ locked }) => locked)).toBe(true);
  expect(await run().run(unlockUsers, { users: [...users] })).toEqual({ unlocked: 4, notLocked: 0, failed: [] });
});

test('says when the first of all locks ends, also where that is one from before', async () => {
  const { world, users, clock, run } = await start({ choices: { lockSeconds: 600 } });
  await ask(world, 'POST', `/v1/users/${users[0]}/lock`);
  await clock.sleep(597_000);
  const output = await run().run(lockUsers, { users: [...users] });
  expect(output).toEqual({ locked: 3, alreadyLocked: 1, failed: [], expiresInSeconds: 3 });
});

test('a lock for ever has no end to say', async () => {
  const { users, run } = await start({ choices: { lockSeconds: null } });
  expect(await run().run(lockUsers, { users: [...users] })).toEqual({ locked: 4, alreadyLocked: 0, failed: [] });
});

test('a user whom Clerk does not let us lock (403) is named, and the others are locked', async () => {
  const { world, users, run } = await start({
    faults: [fault('POST', '/v1/users/*/lock', { kind: 'error', status: 403, count: 1 })],
  });
  const locking = run();
  const output = await locking.run(lockUsers, { users: [...users] });
  expect(output).toMatchObject({ locked: 3, failed: [expect.stringMatching(/^user_/)] });
  const refused = [...locking.results.values()].find(({ outcome }) => outcome === 'failed');
  expect(refused?.error).toMatch(/POST \/users\/\{id\}\/lock \(user user_\w+\) answered 403.*\[trace \w+\]/);
  expect(factsOf(world, users).filter(({ locked }) => locked)).toHaveLength(3);
});

test.for<[string, JsonObject]>([
  ['answers are lost after the effect', fault('POST', '/v1/users/*/lock', { kind: 'drop-answer' })],
  ['answers are of another content type', fault('POST', '/v1/users/*/lock', { kind: 'content-type' })],
])('a lock whose %s is settled by reading', async ([, broken]) => {
  const { world, users, run } = await start({ faults: [broken] });
  expect(await run().run(lockUsers, { users: [...users] })).toMatchObject({ locked: 4, failed: [] });
  expect(factsOf(world, users).every(({ locked }) => locked)).toBe(true);
});

test('a lock that always fails with 500 leaves the users in doubt, and the step fails', async () => {
  const { users, run } = await start({ faults: [fault('POST', '/v1/users/*/lock', { kind: 'error' })] });
  await expect(run().run(lockUsers, { users: [...users] })).rejects.toThrow(/lock: 4 users in doubt.*500/);
});

test('an unlock whose answer was lost counts, also where Clerk refuses to unlock whom it has unlocked', async () => {
  const { world, users, run } = await start({
    choices: { unlockUnlocked: 'refuse' },
    faults: [fault('POST', '/v1/users/*/unlock', { kind: 'drop-answer' })],
  });
  for (const user of users) await ask(world, 'POST', `/v1/users/${user}/lock`);
  expect(await run().run(unlockUsers, { users: [...users] })).toEqual({ unlocked: 4, notLocked: 0, failed: [] });
  expect(factsOf(world, users).some(({ locked }) => locked)).toBe(false);
});

test.for([
  ['accept', []],
  ['refuse', [0]],
] as const)(
  'a password that was marked before (a repeat: %s) stops nobody else',
  async ([repeatCompromise, refused]) => {
    const { world, users, run } = await start({ choices: { repeatCompromise } });
    await ask(world, 'POST', `/v1/users/${users[0]}/password/set_compromised`);
    const failed = refused.map((place) => users[place]);
    const output = await run().run(compromisePasswords, { users: [...users] });
    expect(output).toEqual({ marked: 4 - failed.length, failed });
    expect(factsOf(world, users).every((one) => one.passwordCompromised)).toBe(true);
  },
);

test('a mark whose answer was lost stays in doubt where Clerk refuses the repeat, in the next attempt too', async () => {
  const { users, run } = await start({
    choices: { repeatCompromise: 'refuse' },
    faults: [fault('POST', '/v1/users/*/password/*', { kind: 'drop-answer', count: 1 })],
  });
  const first = run();
  await expect(first.run(compromisePasswords, { users: [...users] })).rejects.toThrow(/1 users in doubt/);
  const second = run({ ledger: [...first.results.values()] });
  await expect(second.run(compromisePasswords, { users: [...users] })).rejects.toThrow(/1 users in doubt/);
});

test.for(['accept', 'refuse'] as const)(
  'a lockout by the password closes the sessions of one who was marked before (a repeat: %s)',
  async (repeatCompromise) => {
    const { world, users, run } = await start({ choices: { planRefuses: ['bans'], repeatCompromise } });
    const marked = must(factsOf(world, users).find(({ liveSessions, banned }) => liveSessions > 0 && !banned)).id;
    await ask(world, 'POST', `/v1/users/${marked}/password/set_compromised`);
    const output = await run().run(lockoutUsers, { users: [...users] });
    expect(output).toMatchObject({ failed: repeatCompromise === 'refuse' ? [marked] : [], leftovers: [] });
    expect(factsOf(world, users).every((one) => one.liveSessions === 0)).toBe(true);
  },
);

test('marks passwords as compromised and ends all sessions in the same request', async () => {
  const { world, users, run } = await start();
  expect(await run().run(compromisePasswords, { users: [...users] })).toEqual({ marked: 4, failed: [] });
  expect(requestsTo(world, 'POST /v1/users/:userId/password/set_compromised')).toBe(4);
  expect(factsOf(world, users).every((one) => one.passwordCompromised && one.liveSessions === 0)).toBe(true);
});

test('marks passwords and keeps the sessions where that is wanted; an unknown user is named', async () => {
  const { world, users, run } = await start();
  const input = { users: [...users, 'user_nobody'], revokeSessions: false };
  expect(await run().run(compromisePasswords, input)).toEqual({ marked: 4, failed: ['user_nobody'] });
  expect(factsOf(world, users).some((one) => one.liveSessions > 0)).toBe(true);
});

test.for<[string, readonly JsonObject[]]>([
  ['all is well', []],
  ['a fifth of the calls is refused with 429', [fault('POST', '/v1/**', { kind: 'rate-limit', rate: 0.2 })]],
  ['a tenth of the calls fails with 500', [fault('POST', '/v1/**', { kind: 'error', rate: 0.1 })]],
  ['answers are lost after the effect', [fault('POST', '/v1/**', { kind: 'drop-answer', rate: 0.3 })]],
  [
    'connections are reset',
    [fault('GET', '/v1/**', { kind: 'reset', rate: 0.2 }), fault('POST', '/v1/**', { kind: 'reset', rate: 0.2 })],
  ],
  [
    'every answer takes two seconds',
    [
      fault('GET', '/v1/**', { kind: 'latency', latencyMs: 2_000 }),
      fault('POST', '/v1/**', { kind: 'latency', latencyMs: 2_000 }),
    ],
  ],
])('locks users out with proof although %s', async ([, faults]) => {
  const { world, users, run } = await start({ faults });
  const output = await run().run(lockoutUsers, { users: [...users] });
  expect(output).toEqual({
    way: 'ban',
    users: 4,
    lockedOut: 3,
    already: 1,
    failed: [],
    // Banned before the drill, with a session that is open all the same.
    revoked: expect.any(Number),
    proved: 4,
    leftovers: [],
  });
  expect(factsOf(world, users).every((one) => one.banned && one.liveSessions === 0)).toBe(true);
  expect(world.facts().concerned.filter(({ role, effects }) => role !== 'compromised' && effects.length > 0)).toEqual(
    [],
  );
});

test('where the plan refuses bans, the lockout goes by the password, and says so', async () => {
  const { world, users, run } = await start({ choices: { planRefuses: ['bans'] } });
  const locking = run();
  const output = await locking.run(lockoutUsers, { users: [...users] });
  expect(output).toMatchObject({ way: 'password', lockedOut: 3, already: 1, failed: [], proved: 4, leftovers: [] });
  expect(locking.logs.join()).toContain('refuses bans (402)');
  expect(requestsTo(world, 'POST /v1/users/ban')).toBe(1);
  expect(factsOf(world, users).every((one) => one.liveSessions === 0)).toBe(true);
});

test('a lockout leaves the sessions of a protected user, and names them as leftovers', async () => {
  const { world, users, run } = await start();
  const kept = must(factsOf(world, users).find(({ liveSessions }) => liveSessions > 0));
  const output = await run({ protectedIds: [kept.id] }).run(lockoutUsers, { users: [...users] });
  expect(output).toMatchObject({ proved: 3, leftovers: [{ user: kept.id, sessions: kept.liveSessions }] });
  expect(must(factsOf(world, [kept.id])[0])).toMatchObject({ banned: false, liveSessions: kept.liveSessions });
});

test('a lockout of 1,000 users with proof takes one request each, and hardly longer than the limit makes it', async () => {
  const { world, clock, run } = await start({ world: { users: 1200, compromised: { count: 1000 } } });
  const started = clock.nowMs;
  const output = await run().run(lockoutUsers, { users: [...world.ground.compromised] });
  expect(output).toMatchObject({ lockedOut: 1000, proved: 1000, leftovers: [] });
  const requests = world.requests().reduce((sum, one) => sum + one.requests, 0);
  expect(requests).toBe(10 + 20 + 1000);
  expect(clock.nowMs - started).toBeLessThanOrEqual((requests / 1000) * 10_000 * 1.1);
});

test('requires verification: the flag stands before the sessions end, and nothing beside it changes', async () => {
  const { world, users, run } = await start();
  const [first = ''] = users;
  await ask(world, 'PATCH', `/v1/users/${first}/metadata`, {
    private_metadata: { plan: 'gold', security: { level: 2 } },
  });
  const field = 'privateMetadata.security.reverify';
  const output = await run().run(requireVerification, { users: [...users], field });
  expect(output).toMatchObject({ flagged: 4, alreadyFlagged: 0, remaining: 0, failed: [] });
  expect(factsOf(world, users).every((one) => one.liveSessions === 0)).toBe(true);
  const listed = rows(await ask(world, 'GET', `/v1/users?user_id=${first}`));
  expect(listed[0]?.private_metadata).toEqual({ plan: 'gold', security: { level: 2, reverify: true } });
  const order = world.changeRequests().map(({ path }) => (path.endsWith('/metadata') ? 'flag' : 'session'));
  expect(order.lastIndexOf('flag')).toBeLessThan(order.indexOf('session'));
});

test('a field that holds an object is left alone, and named', async () => {
  const { world, users, run } = await start();
  const [first = '', second = ''] = users;
  await ask(world, 'PATCH', `/v1/users/${first}/metadata`, {
    private_metadata: { security: { reverify: { by: 'app' } } },
  });
  const input = { users: [first, second], field: 'privateMetadata.security.reverify', value: true };
  expect(await run().run(setUserMetadata, input)).toEqual({ set: 1, alreadySet: 0, failed: [first] });
});

test('an undo of metadata takes away the objects that were made for it, and no others', async () => {
  const { world, users, run } = await start();
  const [first = '', second = ''] = users;
  await ask(world, 'PATCH', `/v1/users/${second}/metadata`, {
    private_metadata: { security: { level: 2, reverify: true } },
  });
  await ask(world, 'PATCH', `/v1/users/${first}/metadata`, { private_metadata: { security: { reverify: true } } });
  const field = 'privateMetadata.security.reverify';
  await run().run(setUserMetadata, { users: [first, second], field, value: null, prune: 'privateMetadata.security' });
  const listed = rows(await ask(world, 'GET', `/v1/users?user_id=${first}&user_id=${second}`));
  expect(new Map(listed.map(({ id, private_metadata }) => [id, private_metadata]))).toEqual(
    new Map<unknown, unknown>([
      [first, {}],
      [second, { security: { level: 2 } }],
    ]),
  );
});

test('lists users by filter, to a bound, and says whether there were more', async () => {
  const { world, users, run } = await start({ world: { users: 1100 } });
  const all = await run().run(listUsers, { maxUsers: 10_000 });
  expect(all).toMatchObject({ count: 1100, isComplete: true });
  expect(requestsTo(world, 'GET /v1/users')).toBe(3);
  expect(await run().run(listUsers, { maxUsers: 7 })).toMatchObject({ count: 7, isComplete: false });
  const [first = ''] = users;
  await ask(world, 'POST', `/v1/users/${first}/lock`);
  expect(await run().run(listUsers, { locked: true })).toMatchObject({ ids: [first] });
  const banned = await run().run(listUsers, { banned: true });
  const others = await run().run(listUsers, { banned: false, maxUsers: 10_000 });
  expect(Number(banned.count)).toBeGreaterThan(0);
  expect(Number(banned.count) + Number(others.count)).toBe(1100);
  expect((banned.users as JsonObject[]).every((one) => one.banned === true)).toBe(true); // The schema says that it is a list.
  expect(await run().run(listUsers, { ids: [first, 'user_2aaaaaaaaaaaaaaaaaaaaaaaaaa'] })).toMatchObject({ count: 1 });
  const [row] = (await run().run(listUsers, { ids: [first] })).users as JsonObject[]; // The schema says so.
  expect(await run().run(listUsers, { emails: row?.emails as string[] })).toMatchObject({ ids: [first] });
  const createdAfter = String(row?.createdAt);
  const later = (await run().run(listUsers, { createdAfter, maxUsers: 10_000 })).ids as string[];
  const earlier = (await run().run(listUsers, { createdBefore: createdAfter, maxUsers: 10_000 })).ids as string[];
  expect(later[0]).toBe(first);
  expect(later.length + earlier.length).toBe(1100);
});

test('lists given users oldest first over all requests, also where there are more than the bound', async () => {
  const { run } = await start({ world: { users: 250 } });
  const all = (await run().run(listUsers, {})).ids as string[]; // The schema says so.
  const given = { ids: all.toReversed() };
  expect((await run().run(listUsers, given)).ids).toEqual(all);
  expect(await run().run(listUsers, { ...given, maxUsers: 120 })).toMatchObject({
    ids: all.slice(0, 120),
    isComplete: false,
  });
});

test('a bad key fails for good at the first request', async () => {
  const { users, run } = await start();
  const secrets = { CLERK_SECRET_KEY: 'sk_live_wrong' };
  for (const action of [lockUsers, compromisePasswords, lockoutUsers]) {
    await expect(run({ secrets }).run(action, { users: [...users] })).rejects.toBeInstanceOf(PermanentFailure);
  }
});
