import { expect, test } from 'vitest';
import { createRateLimiter } from '../../engine/drill/clerk/rate-limit.ts';
import type { JsonObject } from '../../engine/json.ts';
import { ask, liveSessionIds, must, scenarioWith, startTestWorld, testClock } from './helpers.ts';

test('a development instance refuses the 101st request in ten seconds until Retry-After has passed', async () => {
  const clock = testClock();
  const world = await startTestWorld({ clock, scenario: scenarioWith({ instance: { environment: 'development' } }) });
  expect(world.secretKey).toMatch(/^sk_test_/);
  for (let i = 0; i < 100; i += 1) expect((await ask(world, 'GET', '/v1/instance')).status).toBe(200);
  const refused = await ask(world, 'GET', '/v1/instance');
  expect(refused.status).toBe(429);
  expect(refused.headers.get('retry-after')).toBe('10');
  expect(refused.body).toMatchObject({ errors: [{ code: 'too_many_requests' }] });
  expect((await ask(world, 'GET', '/v1/jwks')).status).toBe(200);
  clock.advance(9_000);
  expect((await ask(world, 'GET', '/v1/instance')).headers.get('retry-after')).toBe('1');
  clock.advance(1_000);
  expect((await ask(world, 'GET', '/v1/instance')).status).toBe(200);
});

test('the window slides: room comes back request by request', () => {
  const limiter = createRateLimiter({ requests: 2, windowMs: 10_000 });
  expect(limiter.admit('a', 0)).toBeUndefined();
  expect(limiter.admit('a', 4000)).toBeUndefined();
  expect(limiter.admit('b', 9500)).toBe(1);
  expect(limiter.admit('a', 10_000)).toBeUndefined();
  // `b` was told to wait a second and asks too early.
  expect(limiter.admit('b', 10_200)).toBe(1);
  expect(limiter.admit('a', 10_300)).toBe(4);
});

const faulty = (...faults: JsonObject[]) => scenarioWith({}, { faults });

test('an error fault answers its status for its count, after the requests that go well, and does nothing', async () => {
  const fault = {
    match: { method: 'POST', path: '/v1/users/*/ban' },
    kind: 'error',
    status: 503,
    afterRequests: 1,
    count: 2,
  };
  const world = await startTestWorld({ scenario: faulty(fault) });
  const statuses: number[] = [];
  for (const id of [...world.ground.compromised])
    statuses.push((await ask(world, 'POST', `/v1/users/${id}/ban`)).status);
  expect(statuses).toEqual([200, 503, 503, 200]);
  const banned = world.facts().concerned.filter((user) => user.banned && !user.bannedAtStart);
  expect(banned.length).toBeLessThan(4);
});

test('a dropped answer comes after the effect, a reset before it', async () => {
  const world = await startTestWorld({
    scenario: faulty(
      { match: { path: '/v1/users/ban' }, kind: 'drop-answer', count: 1 },
      { match: { path: '/v1/users/*/lock' }, kind: 'reset', count: 1 },
    ),
  });
  const [user] = world.ground.decoys;
  await expect(ask(world, 'POST', '/v1/users/ban', { user_ids: [must(user)] })).rejects.toThrow();
  await expect(ask(world, 'POST', `/v1/users/${must(user)}/lock`)).rejects.toThrow();
  const facts = must(world.facts().concerned.find(({ id }) => id === user));
  expect(facts).toMatchObject({ banned: true, locked: false });
  expect(world.requests()).toContainEqual({ route: 'POST /v1/users/ban', requests: 1, statuses: { 0: 1 } });
});

test('a rate-limit fault blocks its endpoint until Retry-After has passed, and no other', async () => {
  const clock = testClock();
  const world = await startTestWorld({
    clock,
    scenario: faulty({ match: { path: '/v1/sessions' }, kind: 'rate-limit', count: 1, retryAfterSeconds: 3 }),
  });
  const path = `/v1/sessions?user_id=${must(world.ground.compromised[0])}`;
  expect((await ask(world, 'GET', path)).headers.get('retry-after')).toBe('3');
  clock.advance(2000);
  expect((await ask(world, 'GET', path)).status).toBe(429);
  expect((await ask(world, 'GET', '/v1/users')).status).toBe(200);
  clock.advance(1000);
  expect((await ask(world, 'GET', path)).status).toBe(200);
});

test('a latency fault waits, and a content-type fault sends the right body under another type', async () => {
  const clock = testClock();
  const world = await startTestWorld({
    clock,
    scenario: faulty(
      { match: { path: '/v1/instance' }, kind: 'latency', latencyMs: 1500 },
      { match: { path: '/v1/users/count' }, kind: 'content-type' },
    ),
  });
  expect((await ask(world, 'GET', '/v1/instance')).status).toBe(200);
  expect(clock.slept).toEqual([1500]);
  const count = await ask(world, 'GET', '/v1/users/count');
  expect(count.headers.get('content-type')).toBe('text/html; charset=utf-8');
  expect(count.body).toMatchObject({ total_count: 40 });
});

test('a fault with a rate hits the same requests whenever the seed is the same', async () => {
  const pattern = async (seed: number) => {
    const scenario = faulty({ match: { path: '/v1/instance' }, kind: 'error', rate: 0.5 });
    const world = await startTestWorld({ scenario, seed });
    const statuses: number[] = [];
    for (let i = 0; i < 40; i += 1) statuses.push((await ask(world, 'GET', '/v1/instance')).status);
    return statuses;
  };
  const first = await pattern(1);
  expect(await pattern(1)).toEqual(first);
  expect(await pattern(2)).not.toEqual(first);
  expect(new Set(first)).toEqual(new Set([200, 500]));
});

test('a fault in a window of time holds only there', async () => {
  const clock = testClock();
  const world = await startTestWorld({
    clock,
    scenario: faulty({ match: { path: '/v1/**' }, kind: 'error', status: 502, fromMs: 1000, untilMs: 2000 }),
  });
  const status = async () => (await ask(world, 'GET', '/v1/instance')).status;
  expect(await status()).toBe(200);
  clock.advance(1500);
  expect(await status()).toBe(502);
  clock.advance(1000);
  expect(await status()).toBe(200);
});

test('the app is healthy while Clerk answers, and answers 503 while it does not', async () => {
  const world = await startTestWorld({
    scenario: faulty({ match: { path: '/v1/users' }, kind: 'error', status: 500, afterRequests: 1, count: 1 }),
  });
  const health = async () => (await fetch(`${world.appUrl}/api/health/clerk`)).status;
  expect(await health()).toBe(200);
  expect(await health()).toBe(503);
  expect(await health()).toBe(200);
});

test('the status page says what the scenario says, in the form of Statuspage', async () => {
  const world = await startTestWorld({ scenario: scenarioWith({ statusPage: { indicator: 'major' } }) });
  const response = await fetch(`${world.statusUrl}/api/v2/status.json`);
  expect(await response.json()).toMatchObject({ status: { indicator: 'major', description: 'Partial System Outage' } });
  const summary = await (await fetch(`${world.statusUrl}/api/v2/summary.json`)).json();
  expect(summary).toMatchObject({
    components: expect.arrayContaining([expect.objectContaining({ status: 'partial_outage' })]),
  });
  expect((await fetch(`${world.statusUrl}/api/v1/status`)).status).toBe(404);
});

test('the state and the requests can be read over HTTP, without the key in them', async () => {
  const world = await startTestWorld();
  const user = must(world.ground.compromised.at(-1));
  await liveSessionIds(world, user);
  const state = await (await fetch(`${world.apiUrl}/__world/state`)).text();
  expect(JSON.parse(state)).toEqual(JSON.parse(JSON.stringify(world.facts())));
  expect(state).not.toContain(world.secretKey);
  const requests = await (await fetch(`${world.apiUrl}/__world/requests`)).json();
  expect(requests).toMatchObject({ routes: [{ route: 'GET /v1/sessions', requests: 1, statuses: { 200: 1 } }] });
});
