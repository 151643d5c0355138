import { createHmac } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { isBypassable } from '../../../engine/drill/services/app/bypass.ts';
import { deliver } from '../../../engine/drill/services/webhooks/deliver.ts';
import { type DrillWorld, startWorld } from '../../../engine/drill/world.ts';
import { filesOfWorld } from '../../../engine/drill/world-files.ts';
import type { JsonObject } from '../../../engine/json.ts';
import { ask, must, scenarioWith, startTestWorld, temporaryFile } from '../helpers.ts';
import { appOf, call, openDatabase, rowsOf, startAppWorld } from './app-world.ts';

async function visit(world: DrillWorld, path: string, headers: { [name: string]: string } = {}) {
  const response = await fetch(`${world.appUrl}${path}`, { headers, redirect: 'manual' });
  return { status: response.status, location: response.headers.get('location'), text: await response.text() };
}

async function tokenOf(world: DrillWorld): Promise<{ token: string; user: string }> {
  const user = must(world.ground.decoys[0]);
  const sessions = await ask(world, 'GET', `/v1/sessions?user_id=${user}&status=active`);
  const [session] = sessions.body as JsonObject[];
  const { body } = await ask(world, 'POST', `/v1/sessions/${String(must(session).id)}/tokens`);
  return { token: String((body as JsonObject).jwt), user };
}

/** Delivers a message of our own making, signed with the app's secret. */
function send(
  world: DrillWorld,
  event: JsonObject,
  { id = 'msg_own', secret = must(world.env.CLERK_WEBHOOK_SIGNING_SECRET), agedSeconds = 0 } = {},
) {
  return deliver({
    url: must(world.env.WEBHOOK_URL),
    signed: { id, timestamp: String(Math.floor(Date.now() / 1000) - agedSeconds), body: JSON.stringify(event) },
    secrets: [secret],
    now: Date.now,
    signal: new AbortController().signal,
  });
}

const userEvent = (type: string, id: string, data: JsonObject = {}): JsonObject => ({
  type,
  object: 'event',
  timestamp: 5000,
  data: {
    object: 'user',
    id,
    first_name: 'New',
    last_name: 'Name',
    primary_email_address_id: 'idn_2',
    updated_at: 1000,
    email_addresses: [
      { id: 'idn_1', email_address: 'first@example.com' },
      { id: 'idn_2', email_address: 'primary@example.com' },
    ],
    ...data,
  },
});

for (const tokens of ['jwt-key', 'jwks']) {
  test(`a page lets in whoever has a good session token, and nobody else (${tokens})`, async () => {
    const world = await startAppWorld({ app: { tokens } });
    const { token, user } = await tokenOf(world);
    expect(await visit(world, '/api/me', { Authorization: `Bearer ${token}` })).toMatchObject({
      status: 200,
      text: JSON.stringify({ userId: user, bypassed: false }),
    });
    expect(await visit(world, '/dashboard', { Cookie: `a=b; __session=${token}` })).toMatchObject({ status: 200 });
    expect(await visit(world, '/admin')).toMatchObject({ status: 307, location: '/sign-in?redirect_url=%2Fadmin' });
    expect(await visit(world, '/api/me', { Authorization: `Bearer ${token.slice(0, -4)}AAAA` })).toMatchObject({
      status: 401,
    });
    const count = world.requests().find(({ route }) => route === 'GET /v1/jwks')?.requests ?? 0;
    expect(count > 0).toBe(tokens === 'jwks');
  });
}

test('an app that cannot reach the key set cannot tell who asks; one that has the key can', async () => {
  const faults = [{ match: { path: '/v1/**' }, kind: 'error', status: 503, fromMs: 60_000 }];
  for (const [tokens, status] of [
    ['jwks', 503],
    ['jwt-key', 200],
  ] as const) {
    let shiftMs = 0;
    const clock = { now: () => Date.now() + shiftMs, sleep: async () => {} };
    const world = await startTestWorld({ scenario: scenarioWith({ app: { tokens } }, { faults }), clock });
    const { token } = await tokenOf(world);
    shiftMs = 60_000;
    expect(await visit(world, '/api/me', { Authorization: `Bearer ${token}` })).toMatchObject({ status });
    expect(await visit(world, '/api/health/clerk')).toMatchObject({ status: 503 });
  }
});

test('a wrong key in the environment makes the app unwell, and the facts say since when and why', async () => {
  const world = await startAppWorld({ app: { bad: { variables: { CLERK_SECRET_KEY: 'sk_test_other' } } } });
  expect(appOf(world)).toMatchObject({ health: 'unknown', downSince: null });
  expect(await visit(world, '/api/health/clerk')).toMatchObject({ status: 503 });
  expect(appOf(world)).toMatchObject({
    health: 'unhealthy',
    reason: 'Clerk: 401',
    restoredAt: null,
    deployment: { code: 'bad' },
  });
  expect(appOf(world).downSince).toBeGreaterThanOrEqual(world.startedAt);
});

test('an app that is watched finds out by itself that it is down and that it is back', async () => {
  const faults = [{ match: { path: '/v1/users' }, kind: 'error', status: 503, count: 2 }];
  let waits = 0;
  // The world's own pace: it looks again as soon as it has waited, four times in all.
  const clock = { now: Date.now, sleep: () => (++waits < 4 ? Promise.resolve() : new Promise<void>(() => {})) };
  const scenario = scenarioWith({ app: { watchSeconds: 5 } }, { faults });
  const world = await startTestWorld({ scenario, clock });
  await expect.poll(() => appOf(world).restoredAt).not.toBeNull();
  const { downSince, restoredAt, health } = appOf(world);
  expect([health, must(restoredAt) >= must(downSince)]).toEqual(['healthy', true]);
});

test('a deployment whose pages are broken answers 500 everywhere but to the sender', async () => {
  const world = await startAppWorld({ app: { bad: { pages: 'failing' } } });
  const { token } = await tokenOf(world);
  expect(await visit(world, '/api/me', { Authorization: `Bearer ${token}` })).toMatchObject({ status: 500 });
  expect(await visit(world, '/api/health/clerk')).toMatchObject({ status: 500 });
  expect(await send(world, userEvent('user.updated', 'user_1'))).toMatchObject({ status: 200 });
});

const bypassVariables = (until: string, secret: string, signature?: string) => ({
  CLERK_EMERGENCY_BYPASS_UNTIL: until,
  CLERK_EMERGENCY_BYPASS_SECRET: secret,
  CLERK_EMERGENCY_BYPASS_SIGNATURE: signature ?? createHmac('sha256', secret).update(until).digest('base64url'),
});
const inHours = (hours: number) => new Date(Date.now() + hours * 3_600_000).toISOString();

test('the bypass lets through reads of its listed pages, and each such request is counted', async () => {
  const world = await startAppWorld({ app: { bad: { variables: bypassVariables(inHours(1), 'secret') } } });
  expect(appOf(world)).toMatchObject({ bypassOn: true, bypassedRequests: 0 });
  expect(await visit(world, '/dashboard')).toMatchObject({
    status: 200,
    text: expect.stringContaining('emergency bypass'),
  });
  expect(await visit(world, '/api/me')).toMatchObject({ status: 200 });
  expect(await visit(world, '/admin')).toMatchObject({ status: 307 });
  expect(await visit(world, '/dashboard/billing/card')).toMatchObject({ status: 307 });
  const written = await fetch(`${world.appUrl}/api/me`, { method: 'POST' });
  expect(written.status).toBe(401);
  expect(appOf(world)).toMatchObject({ bypassOn: true, bypassedRequests: 2 });
});

test.each([
  ['more than four hours ahead', bypassVariables(inHours(4.01), 'secret')],
  ['over', bypassVariables(inHours(-0.01), 'secret')],
  [
    'signed by another secret',
    bypassVariables(inHours(1), 'secret', createHmac('sha256', 'x').update('y').digest('base64url')),
  ],
  ['not signed', { CLERK_EMERGENCY_BYPASS_UNTIL: inHours(1) }],
  ['no time', bypassVariables('true', 'secret')],
  ['without a secret to check by', bypassVariables(inHours(1), '')],
])('a bypass that is %s does nothing', async (_, variables) => {
  const world = await startAppWorld({ app: { bad: { variables } } });
  expect(appOf(world).bypassOn).toBe(false);
  expect(await visit(world, '/dashboard')).toMatchObject({ status: 307 });
  expect(appOf(world).bypassedRequests).toBe(0);
});

test('paths that only look like a listed one are not bypassable', () => {
  const paths = [
    '/dashboard',
    '/dashboard/a/b',
    '/api/me',
    '/dashboards',
    '/api/me/keys',
    '/admin',
    '/dashboard/billing/x',
    '/',
  ];
  expect(paths.filter((path) => isBypassable('GET', path))).toEqual(['/dashboard', '/dashboard/a/b', '/api/me']);
  expect(isBypassable('DELETE', '/dashboard')).toBe(false);
});

test('the table starts as the scenario says, and the same seed makes the same one', async () => {
  const scenario = scenarioWith({ app: { table: { missing: 3, stale: 2, orphans: 4 } } });
  const clock = { now: () => 1_700_000_000_000, sleep: async () => {} };
  const [one, two] = [await startTestWorld({ scenario, clock }), await startTestWorld({ scenario, clock })];
  expect(rowsOf(one)).toEqual(rowsOf(two));
  expect(rowsOf(one)).toHaveLength(40 - 3 + 4);
  expect(appOf(one).table).toEqual({ missing: 3, stale: 2, orphans: 4 });
  const empty = await startAppWorld({ app: { table: { rows: false } } });
  expect(appOf(empty).table).toEqual({ missing: 40, stale: 0, orphans: 0 });
});

test('what responders do to the table is seen at once', async () => {
  const world = await startAppWorld({ app: { table: {} } });
  expect(appOf(world).table).toEqual({ missing: 0, stale: 0, orphans: 0 });
  const db = openDatabase(world);
  const user = must(world.ground.decoys[0]);
  db.prepare('UPDATE users SET first_name = ? WHERE clerk_id = ?').run('Mallory', user);
  expect(appOf(world).table).toMatchObject({ stale: 1 });
  db.prepare('DELETE FROM users WHERE clerk_id = ?').run(user);
  expect(appOf(world).table).toEqual({ missing: 1, stale: 0, orphans: 0 });
});

test('the table outlives the world, and is not filled again', async () => {
  const stateFile = temporaryFile();
  const first = await startWorld({ scenario: scenarioWith({ app: { table: {} } }), stateFile });
  openDatabase(first).exec('DELETE FROM users');
  await first.stop();
  const world = await startTestWorld({ scenario: undefined, stateFile });
  expect(appOf(world).table).toEqual({ missing: 40, stale: 0, orphans: 0 });
});

test('a world leaves no files but those that a prune takes away with it', async () => {
  const stateFile = temporaryFile();
  const world = await startAppWorld({ app: { table: {} } }, { stateFile });
  await send(world, userEvent('user.created', 'user_new'));
  const left = readdirSync(dirname(stateFile)).map((name) => join(dirname(stateFile), name));
  expect([...left].sort()).toEqual([...filesOfWorld(stateFile)].sort());
});

test('the handler takes what is signed, once, and refuses what is unsigned, wrongly signed or stale', async () => {
  const world = await startAppWorld({ app: { table: {} } });
  const event = userEvent('user.created', 'user_new');
  expect(await send(world, event)).toMatchObject({ status: 200 });
  expect(rowsOf(world)).toContainEqual({
    clerk_id: 'user_new',
    email: 'primary@example.com',
    first_name: 'New',
    last_name: 'Name',
    updated_at: 1000,
    deleted_at: null,
  });
  expect(
    await send(world, userEvent('user.updated', 'user_new', { first_name: 'Again', updated_at: 2000 })),
  ).toMatchObject({ status: 200 });
  expect(rowsOf(world).find(({ clerk_id }) => clerk_id === 'user_new')?.first_name).toBe('New');
  expect(await send(world, event, { id: 'msg_2', secret: 'whsec_AAAA' })).toMatchObject({ status: 400 });
  expect(await send(world, event, { id: 'msg_3', agedSeconds: 301 })).toMatchObject({ status: 400 });
  const unsigned = await fetch(must(world.env.WEBHOOK_URL), { method: 'POST', body: '{"type":"ping"}' });
  expect(unsigned.status).toBe(400);
});

test('a handler without a signature check takes anything: the hole that a probe must find', async () => {
  const world = await startAppWorld({ app: { table: {}, bad: { webhooks: 'unsigned' } } });
  const body = JSON.stringify(userEvent('user.created', 'user_forged'));
  const response = await fetch(must(world.env.WEBHOOK_URL), { method: 'POST', body });
  expect(response.status).toBe(200);
  expect(appOf(world).table).toMatchObject({ orphans: 1 });
});

test('older data never overwrites newer, and nobody comes back after a deletion', async () => {
  const world = await startAppWorld({ app: { table: {} } });
  const row = () => rowsOf(world).find(({ clerk_id }) => clerk_id === 'user_new');
  await send(world, userEvent('user.updated', 'user_new', { updated_at: 2000 }), { id: 'msg_a' });
  await send(world, userEvent('user.updated', 'user_new', { updated_at: 1999, first_name: 'Old' }), { id: 'msg_b' });
  expect(row()).toMatchObject({ first_name: 'New', updated_at: 2000 });
  await send(
    world,
    { type: 'user.deleted', timestamp: 5000, data: { id: 'user_new', object: 'user', deleted: true } },
    { id: 'msg_c' },
  );
  await send(world, userEvent('user.updated', 'user_new', { updated_at: 9000, first_name: 'Late' }), { id: 'msg_d' });
  expect(row()).toMatchObject({ first_name: 'New', deleted_at: 5000 });
});

test('while it is paused the handler answers 503: by its own call or by a row in the database', async () => {
  const world = await startAppWorld({ app: { table: {} } });
  const event = userEvent('user.created', 'user_new');
  const { APP_URL, APP_OPERATOR_TOKEN } = world.env;
  expect((await call(APP_URL, 'wrong', ['POST', '/api/admin/webhooks/pause'])).status).toBe(401);
  expect((await call(APP_URL, APP_OPERATOR_TOKEN, ['POST', '/api/admin/webhooks/pause'])).body).toEqual({
    paused: true,
  });
  expect(appOf(world).webhooksPaused).toBe(true);
  expect(await send(world, event)).toMatchObject({ status: 503 });
  await call(APP_URL, APP_OPERATOR_TOKEN, ['POST', '/api/admin/webhooks/resume']);
  const db = openDatabase(world);
  db.exec("INSERT INTO app_flags VALUES ('webhooks_paused', '1')");
  expect(await send(world, event)).toMatchObject({ status: 503 });
  db.exec('DELETE FROM app_flags');
  expect(await send(world, event)).toMatchObject({ status: 200 });
});
