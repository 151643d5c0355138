// One user whom Clerk refuses, does not list, or fails on: everybody else is contained, and that one is named.
import { expect, test } from 'vitest';
import countActiveSessions from '../../../actions/clerk/count-active-sessions.ts';
import lockoutUsers from '../../../actions/clerk/lockout-users.ts';
import revokeApiKeys from '../../../actions/clerk/revoke-api-keys.ts';
import revokeMachineTokens from '../../../actions/clerk/revoke-machine-tokens.ts';
import revokeSessions from '../../../actions/clerk/revoke-sessions.ts';
import { PermanentFailure } from '../../../engine/action.ts';
import { organizationId } from '../../../engine/drill/population/organizations.ts';
import { groundOf } from '../../drill/conformance/keys.ts';
import { must } from '../../drill/helpers.ts';
import type { ClerkServer } from './clerk-server.ts';
import { fault, startKeyDrill } from './key-drill.ts';
import { startClerk, type World } from './setup.ts';

const STRANGER = `user_2${'a'.repeat(26)}`;

/** Three users with two sessions each; listing those of the first fails so. */
async function threeUsers(status: number, code: string): Promise<World & { readonly users: readonly string[] }> {
  const world = await startClerk();
  const users = ['a', 'b', 'c'].map((name) => world.clerk.addUser(name, { sessions: 2 }));
  failListing(world.clerk, must(users[0]), status, code);
  return { ...world, users };
}

function failListing(clerk: ClerkServer, user: string, status: number, code: string): void {
  clerk.fault = ({ path, query }) =>
    path === '/v1/sessions' && query.get('user_id') === user ? { status, code } : undefined;
}

const thrownBy = (work: Promise<unknown>): Promise<unknown> => work.catch((thrown: unknown) => thrown);

test.for([
  [404, 'resource_not_found'],
  [400, 'resource_not_found'],
  [422, 'user_not_found'],
] as const)('a user whom Clerk does not know (%i %s) is named, and the step ends well', async ([status, code]) => {
  const { clerk, run, users } = await threeUsers(status, code);
  const [unknown] = users;
  const revoked = await run().run(revokeSessions, { users: [...users] });
  expect(revoked).toMatchObject({ users: 3, revoked: 4, remaining: 0, unknown: [unknown] });
  expect(clerk.openSessionsOf('user_b') + clerk.openSessionsOf('user_c')).toBe(0);
  expect(await run().run(countActiveSessions, { users: [...users] })).toEqual({
    count: 0,
    users: [
      { user: 'user_b', active: 0 },
      { user: 'user_c', active: 0 },
    ],
    unknown: [unknown],
  });
});

test.for([403, 422, 400])(
  'a user whose listing is refused (%i) keeps nobody else signed in, and fails the step for good',
  async (status) => {
    const { clerk, run, users } = await threeUsers(status, 'form_param_format_invalid');
    const thrown = await thrownBy(run().run(revokeSessions, { users: [...users] }));
    expect(thrown).toBeInstanceOf(PermanentFailure);
    expect(String(thrown)).toMatch(
      /sessions of user user_a could not be read: .*GET \/sessions \(user user_a\) answered 4/,
    );
    expect(['user_b', 'user_c'].map((id) => clerk.openSessionsOf(id))).toEqual([0, 0]);
    await expect(run().run(countActiveSessions, { users: [...users] })).rejects.toThrow(
      /of user user_a could not be read/,
    );
  },
);

test('a user on whom Clerk keeps failing keeps nobody else signed in, and the step may be tried again', async () => {
  const { clerk, run, users } = await threeUsers(503, 'unavailable');
  const thrown = await thrownBy(run().run(revokeSessions, { users: [...users] }));
  expect(String(thrown)).toMatch(/user user_a could not be read.*503/);
  expect(thrown).not.toBeInstanceOf(PermanentFailure);
  expect(['user_b', 'user_c'].map((id) => clerk.openSessionsOf(id))).toEqual([0, 0]);
});

test('chosen sessions are ended although a user beside them is refused', async () => {
  const { clerk, run, users } = await threeUsers(403, 'not_allowed');
  const work = run().run(revokeSessions, { users: [must(users[0])], sessions: ['sess_b0'] });
  await expect(work).rejects.toThrow(/user user_a could not be read/);
  expect(clerk.openSessionsOf('user_b')).toBe(1);
});

test('a plan names the sessions of the others, and says whom it could not look into', async () => {
  const { run, users } = await threeUsers(403, 'not_allowed');
  const planned = run({ planning: true });
  await planned.run(revokeSessions, { users: [...users] });
  expect([...planned.results.values()].map(({ outcome }) => outcome)).toEqual(new Array(4).fill('planned'));
  expect(planned.logs.join()).toContain('user user_a could not be read');
});

test('a bad key is refused once, and not for every user', async () => {
  const { clerk, run } = await startClerk();
  const users = Array.from({ length: 100 }, (_, n) => clerk.addUser(`u${n}`));
  clerk.fault = () => ({ status: 401, code: 'clerk_key_invalid' });
  await expect(run().run(revokeSessions, { users })).rejects.toBeInstanceOf(PermanentFailure);
  expect(clerk.requests.length).toBeLessThan(10);
});

test('a Clerk that is down is not asked about every user', async () => {
  const { clerk, run } = await startClerk();
  const users = Array.from({ length: 500 }, (_, n) => clerk.addUser(`u${n}`));
  clerk.fault = () => ({ status: 503 });
  const thrown = await thrownBy(run().run(revokeSessions, { users }));
  expect(String(thrown)).toMatch(/and 490 more could not be read/);
  expect(thrown).not.toBeInstanceOf(PermanentFailure);
  // 6 tries of each of the 16 in a row after which nobody else is asked, and of those under way by then.
  expect(clerk.requests.length).toBeLessThanOrEqual(6 * 24);
});

test('the first session ends before the last user is listed', async () => {
  const { clerk, run } = await startClerk();
  const users = Array.from({ length: 450 }, (_, n) => clerk.addUser(`u${n}`, { sessions: n % 50 === 0 ? 1 : 0 }));
  expect(await run().run(revokeSessions, { users })).toMatchObject({ revoked: 9, remaining: 0 });
  const firstRevoke = clerk.requests.findIndex(({ method }) => method === 'POST');
  expect(firstRevoke).toBeLessThanOrEqual(200);
  // Each once, and again those who had something.
  expect(clerk.sent('GET', /sessions$/)).toHaveLength(459);
});

test('a lockout of everybody whom Clerk lets it proves those alone', async () => {
  const { clerk, run } = await startClerk();
  const users = ['a', 'b'].map((name) => clerk.addUser(name, { sessions: 2 }));
  const output = await run().run(lockoutUsers, { users: [...users, 'user_typo'] });
  expect(output).toMatchObject({ users: 3, lockedOut: 2, failed: ['user_typo'], proved: 2, leftovers: [] });
});

test('a lockout ends the sessions of everybody although one listing is refused', async () => {
  const { clerk, run, users } = await threeUsers(403, 'not_allowed');
  await expect(run().run(lockoutUsers, { users: [...users] })).rejects.toThrow(/user user_a could not be read/);
  expect(users.map((id) => clerk.users.get(id)?.banned)).toEqual([true, true, true]);
});

test('a lockout whose bans are all refused ends the sessions, and never ends well', async () => {
  const { clerk, run } = await startClerk();
  const users = ['a', 'b'].map((name) => clerk.addUser(name, { sessions: 2 }));
  clerk.fault = ({ path }) => (path === '/v1/users/ban' ? { status: 403, code: 'not_allowed' } : undefined);
  await expect(run().run(lockoutUsers, { users })).rejects.toThrow(/Nobody is locked out.*403 not_allowed/);
  expect(users.map((id) => clerk.openSessionsOf(id))).toEqual([0, 0]);
});

test.for(['empty', 'refuse'] as const)(
  "bears both answers of Clerk's to the sessions of a user who is gone (%s)",
  async (unknownSessionUser) => {
    const { world, run } = await startKeyDrill({ choices: { unknownSessionUser } });
    const users = [STRANGER, ...world.ground.compromised];
    const isTold = unknownSessionUser === 'refuse';
    const unknown = isTold ? [STRANGER] : [];
    expect(await run().run(revokeSessions, { users })).toMatchObject({ remaining: 0, unknown });
    expect(await run().run(countActiveSessions, { users })).toMatchObject({ count: 0, unknown });
    const locked = await run().run(lockoutUsers, { users });
    expect(locked).toMatchObject({ users: 7, failed: [STRANGER], proved: 6 });
  },
);

test("users' own keys go where organizations are turned off, and the output says so", async () => {
  const off = fault('GET', '/v1/users/*/organization_memberships', { kind: 'error', status: 403 });
  const { world, run } = await startKeyDrill({ faults: [off] });
  const working = run();
  const output = await working.run(revokeApiKeys, { users: [...world.ground.compromised] });
  expect(output).toMatchObject({ organizations: 0, organizationsRead: false, remaining: 0 });
  expect(Number(output.revoked)).toBeGreaterThan(0);
  expect(working.logs.join()).toMatch(/Organizations could not be read.*403/);
  const left = must(world.facts().keys).attackerApiKeys.filter(({ revokedAt }) => revokedAt === null);
  expect(left.filter(({ subject }) => subject.startsWith('user_'))).toEqual([]);
});

test("one user whose keys cannot be listed stops nobody else's from being revoked", async () => {
  const { world, run } = await startKeyDrill();
  const users = [...world.ground.compromised, 'user_typo'];
  const thrown = await thrownBy(
    run().run(revokeApiKeys, { users, organizations: [organizationId(groundOf(world), 0)] }),
  );
  expect(String(thrown)).toMatch(/API keys of user user_typo could not be read/);
  const left = must(world.facts().keys).attackerApiKeys.filter(({ revokedAt }) => revokedAt === null);
  expect(left).toEqual([]);
});

test("one user whose organizations cannot be read stops nobody else's keys from being revoked", async () => {
  const { world, run } = await startKeyDrill({
    faults: [fault('GET', '/v1/users/*/organization_memberships', { kind: 'error', status: 422, count: 1 })],
  });
  const work = run().run(revokeApiKeys, { users: [...world.ground.compromised] });
  await expect(work).rejects.toThrow(/API keys of user user_\w+ could not be read.*organization_memberships.*422/);
  const left = must(world.facts().keys).attackerApiKeys.filter(({ revokedAt }) => revokedAt === null);
  expect(left.filter(({ subject }) => subject.startsWith('user_'))).toEqual([]);
});

test('says what it means where machines are refused', async () => {
  const { run } = await startKeyDrill({ faults: [fault('GET', '/v1/machines', { kind: 'error', status: 403 })] });
  const thrown = await thrownBy(run().run(revokeMachineTokens, {}));
  expect(thrown).toBeInstanceOf(PermanentFailure);
  expect(String(thrown)).toMatch(
    /Machines are not turned on for this Clerk instance.*no token was revoked.*GET \/machines answered 403/,
  );
});

test('one machine whose tokens cannot be listed keeps no other one accepted', async () => {
  const { world, run } = await startKeyDrill({
    faults: [fault('GET', '/v1/m2m_tokens', { kind: 'error', status: 403, count: 1 })],
  });
  await expect(run().run(revokeMachineTokens, {})).rejects.toThrow(
    /machine tokens of machine mch_\w+ could not be read/,
  );
  expect(world.facts().keys?.machineTokens).toMatchObject({ atStart: 26, active: 13 });
});
