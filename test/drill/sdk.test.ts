import { createClerkClient, verifyToken } from '@clerk/backend';
import { expect, test } from 'vitest';
import { must, scenarioWith, startTestWorld } from './helpers.ts';

async function startWithClient(options: Parameters<typeof startTestWorld>[0] = {}) {
  const world = await startTestWorld(options);
  const client = createClerkClient({ secretKey: world.secretKey, apiUrl: world.apiUrl, telemetry: { disabled: true } });
  return { world, client };
}

test('the real SDK lists users with their total', async () => {
  const { client } = await startWithClient();
  const { data, totalCount } = await client.users.getUserList({ limit: 15, orderBy: '-created_at' });
  expect(data).toHaveLength(15);
  expect(totalCount).toBe(40);
  expect(must(data[0]).createdAt).toBeGreaterThan(must(data[1]).createdAt);
  expect(must(data[0]).primaryEmailAddress?.emailAddress).toMatch(/@example\.com$/);
});

test('the real SDK sees ten sessions a page and the total of all', async () => {
  const { world, client } = await startWithClient();
  const user = must(world.facts().concerned.find(({ liveSessions }) => liveSessions >= 25)).id;
  const page = await client.sessions.getSessionList({ userId: user });
  expect(page.data).toHaveLength(10);
  expect(page.totalCount).toBeGreaterThanOrEqual(27);
  expect(must(page.data[0]).latestActivity?.country).toBe('IS');
});

test('the real SDK revokes, bans, locks and reads back', async () => {
  const { world, client } = await startWithClient();
  const user = must(world.facts().concerned.find(({ role, banned }) => role === 'compromised' && !banned)).id;
  const sessions = await client.sessions.getSessionList({ userId: user, limit: 500 });
  const first = must(sessions.data.find(({ status }) => status === 'active'));
  expect((await client.sessions.revokeSession(first.id)).status).toBe('revoked');
  expect((await client.users.lockUser(user)).locked).toBe(true);
  expect((await client.users.unlockUser(user)).locked).toBe(false);
  expect((await client.users.banUser(user)).banned).toBe(true);
  const after = await client.sessions.getSessionList({ userId: user, limit: 500 });
  expect(after.data.filter(({ status }) => status === 'active' || status === 'pending')).toEqual([]);
  expect((await client.users.unbanUser(user)).banned).toBe(false);
});

test('the real SDK merges metadata and removes by null', async () => {
  const { world, client } = await startWithClient();
  const user = must(world.ground.compromised[0]);
  await client.users.updateUserMetadata(user, { publicMetadata: { a: { b: 1, c: 2 }, d: 3 } });
  const merged = await client.users.updateUserMetadata(user, { publicMetadata: { a: { b: null }, d: 4 } });
  expect(merged.publicMetadata).toEqual({ a: { c: 2 }, d: 4 });
});

test('the real SDK reports the error form and the seconds to wait', async () => {
  const { client } = await startWithClient();
  const missing = await client.users.getUser('user_2aaaaaaaaaaaaaaaaaaaaaaaaaa').catch((error: unknown) => error);
  expect(missing).toMatchObject({
    status: 404,
    errors: [{ code: 'resource_not_found' }],
    clerkTraceId: expect.stringMatching(/^[0-9a-f]{32}$/),
  });
  const limited = await startWithClient({
    scenario: scenarioWith({ instance: { rateLimit: { requests: 1, windowMs: 60_000 } } }),
  });
  await limited.client.users.getCount();
  const refused = await limited.client.users.getCount().catch((error: unknown) => error);
  expect(refused).toMatchObject({
    status: 429,
    retryAfter: expect.any(Number),
    errors: [{ code: 'too_many_requests' }],
  });
});

test('verifyToken accepts a session token, over the key set and networkless', async () => {
  const { world, client } = await startWithClient();
  const user = must(world.facts().concerned.find(({ role, banned }) => role === 'compromised' && !banned)).id;
  const { data } = await client.sessions.getSessionList({ userId: user });
  const session = must(data.find(({ status }) => status === 'active'));
  const { jwt } = await client.sessions.getToken(session.id);
  const remote = await verifyToken(jwt, { secretKey: world.secretKey, apiUrl: world.apiUrl, skipJwksCache: true });
  expect(remote).toMatchObject({ sub: user, sid: session.id });
  const local = await verifyToken(jwt, { jwtKey: must(world.env.CLERK_JWT_KEY) });
  expect(local).toMatchObject({ sub: user });
  await client.sessions.revokeSession(session.id);
  await expect(client.sessions.getToken(session.id)).rejects.toMatchObject({ status: 404 });
  // A revoked session's token still verifies until it runs out: that is how networkless tokens work.
  await expect(verifyToken(jwt, { jwtKey: must(world.env.CLERK_JWT_KEY) })).resolves.toMatchObject({ sub: user });
});

test('the instance tells which system it is', async () => {
  const { client } = await startWithClient();
  expect(await client.instance.get()).toMatchObject({
    id: expect.stringMatching(/^ins_\w{27}$/),
    environmentType: 'production',
  });
});
