import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { verifyWebhook } from '@clerk/backend/webhooks';
import { expect, onTestFinished, test } from 'vitest';
import { deliver } from '../../../engine/drill/services/webhooks/deliver.ts';
import { RETRY_DELAYS_MS } from '../../../engine/drill/services/webhooks/schedule.ts';
import { secretAt } from '../../../engine/drill/services/webhooks/secret.ts';
import { type DrillWorld, startWorld } from '../../../engine/drill/world.ts';
import type { Json, JsonObject } from '../../../engine/json.ts';
import { ask, liveSessionIds, must, STARTED_AT, scenarioWith, startTestWorld, temporaryFile } from '../helpers.ts';
import {
  type ApiAnswer,
  appOf,
  call,
  openDatabase,
  resumeAfter,
  rowsOf,
  startAppWorld,
  untilApp,
} from './app-world.ts';
import { manualClock } from './manual-clock.ts';

const WITH_TABLE = { app: { table: {} }, services: { webhooks: {} } };

function svix(world: DrillWorld, method: string, path: string, body?: Json): Promise<ApiAnswer> {
  const { SVIX_API_URL, SVIX_TOKEN, SVIX_APP_ID, SVIX_ENDPOINT_ID } = world.env;
  const full = path.replace('{ep}', `endpoint/${SVIX_ENDPOINT_ID}`);
  return call(SVIX_API_URL, SVIX_TOKEN, [method, `/api/v1/app/${SVIX_APP_ID}/${full}`, body]);
}

const dataOf = ({ body }: ApiAnswer): readonly JsonObject[] => (body as { data: JsonObject[] }).data;
const change = (world: DrillWorld, user: string) =>
  ask(world, 'PATCH', `/v1/users/${user}/metadata`, { public_metadata: { n: Math.random() } });

test('a change at Clerk reaches the app as a signed message, and its row is written', async () => {
  const world = await startAppWorld({ ...WITH_TABLE, app: { table: { stale: 40 } } });
  const user = must(world.ground.decoys[0]);
  expect(appOf(world).table).toEqual({ missing: 0, stale: 40, orphans: 0 });
  await change(world, user);
  await untilApp(world, ({ webhooks }) => webhooks.delivered === 1);
  expect(appOf(world).table).toEqual({ missing: 0, stale: 39, orphans: 0 });
  const [message] = dataOf(await svix(world, 'GET', 'msg'));
  expect(message).toMatchObject({ eventType: 'user.updated', payload: { type: 'user.updated', data: { id: user } } });
  expect(dataOf(await svix(world, 'GET', `attempt/msg/${String(message?.id)}`))).toMatchObject([
    { status: 0, responseStatusCode: 200, triggerType: 0, msgId: message?.id },
  ]);
});

test("a delivery is signed as Clerk's own verifyWebhook checks it, also while two secrets sign", async () => {
  const secrets = [secretAt(7, 1), secretAt(7, 0)];
  const verified: unknown[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', async () => {
      for (const signingSecret of secrets) {
        const copy = new Request('http://app/', {
          method: 'POST',
          headers: new Headers(
            Object.entries(request.headers).map(([name, value]): [string, string] => [name, String(value)]),
          ),
          body,
        });
        verified.push(await verifyWebhook(copy, { signingSecret }));
      }
      response.end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.close();
  });
  const result = await deliver({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    signed: {
      id: 'msg_1',
      timestamp: String(Math.floor(Date.now() / 1000)),
      body: '{"type":"user.deleted","data":{"id":"user_1"}}',
    },
    secrets,
    now: Date.now,
    signal: new AbortController().signal,
  });
  expect(result.status).toBe(200);
  expect(verified).toMatchObject([{ type: 'user.deleted' }, { type: 'user.deleted' }]);
});

test('a message that the app refuses is tried eight times by the schedule, then it has failed', async () => {
  const clock = manualClock();
  const world = await startAppWorld({ ...WITH_TABLE, app: { bad: { webhooks: 'failing' } } }, { clock });
  await change(world, must(world.ground.decoys[0]));
  for (const [number, delay] of RETRY_DELAYS_MS.entries()) {
    if (delay > 0) {
      clock.advance(delay - 1);
      expect(dataOf(await svix(world, 'GET', 'attempt/{ep}'))).toHaveLength(number);
      clock.advance(1);
    }
    await expect.poll(async () => dataOf(await svix(world, 'GET', 'attempt/{ep}')).length).toBe(number + 1);
  }
  expect(appOf(world).webhooks).toMatchObject({ delivered: 0, failed: 1, pending: 0 });
  expect(clock.now() - STARTED_AT).toBe(99_305_000);
  expect(dataOf(await svix(world, 'GET', '{ep}/msg?status=2'))).toMatchObject([{ status: 2, nextAttempt: null }]);
});

test('an answer that takes longer than 15 s counts as none, although the app took the message', async () => {
  const clock = manualClock();
  const world = await startAppWorld(
    { ...WITH_TABLE, app: { table: { stale: 40 }, bad: { webhooks: 'slow' } } },
    { clock },
  );
  await change(world, must(world.ground.decoys[0]));
  await expect
    .poll(async () => {
      clock.advance(20_000);
      return dataOf(await svix(world, 'GET', 'attempt/{ep}'));
    })
    .toContainEqual(expect.objectContaining({ responseStatusCode: 0, status: 2 }));
  expect(appOf(world).table?.stale).toBe(39);
});

test('a delivery whose answer is lost is made again under the same id, to one effect', async () => {
  const clock = manualClock();
  const faults = [{ match: { server: 'app', path: '/api/webhooks/clerk' }, kind: 'drop-answer', count: 1 }];
  const world = await startTestWorld({ scenario: scenarioWith(WITH_TABLE, { faults }), clock });
  await change(world, must(world.ground.decoys[0]));
  await expect.poll(async () => dataOf(await svix(world, 'GET', 'attempt/{ep}'))).toHaveLength(1);
  clock.advance(5000);
  await untilApp(world, ({ webhooks }) => webhooks.delivered === 1);
  expect(dataOf(await svix(world, 'GET', 'attempt/{ep}'))).toMatchObject([
    { responseStatusCode: 200 },
    { responseStatusCode: 0 },
  ]);
  expect(openDatabase(world).prepare('SELECT svix_id FROM webhook_events').all()).toHaveLength(1);
});

test('what failed is recovered since a time, and one message is sent again by hand, with no second effect', async () => {
  const clock = manualClock();
  const world = await startAppWorld(
    { ...WITH_TABLE, services: { webhooks: { loss: 1, lossUntilSeconds: 60 } } },
    { clock },
  );
  const [user] = world.ground.decoys;
  await change(world, must(user));
  expect(appOf(world).webhooks).toMatchObject({ failed: 1, pending: 0 });
  clock.advance(61_000);
  const later = new Date(clock.now()).toISOString();
  expect((await svix(world, 'POST', '{ep}/recover', { since: later })).status).toBe(202);
  expect(appOf(world).webhooks).toMatchObject({ failed: 1 });
  const answer = await svix(world, 'POST', '{ep}/recover', { since: new Date(STARTED_AT).toISOString() });
  expect(answer).toMatchObject({ status: 202, body: { task: 'endpoint.recover' } });
  await untilApp(world, ({ webhooks }) => webhooks.delivered === 1 && webhooks.failed === 0);

  const [message] = dataOf(await svix(world, 'GET', 'msg'));
  const { SVIX_ENDPOINT_ID } = world.env;
  const before = rowsOf(world);
  expect((await svix(world, 'POST', `msg/${String(message?.id)}/endpoint/${SVIX_ENDPOINT_ID}/resend`)).status).toBe(
    202,
  );
  await expect.poll(async () => dataOf(await svix(world, 'GET', 'attempt/{ep}?status=0'))).toHaveLength(2);
  expect(rowsOf(world)).toEqual(before);
  const events = openDatabase(world).prepare('SELECT svix_id FROM webhook_events').all();
  expect(events).toEqual([{ svix_id: message?.id }]);
});

test('an event that vanished is nowhere to be recovered from', async () => {
  const world = await startAppWorld({ ...WITH_TABLE, services: { webhooks: { loss: 1, lost: 'vanished' } } });
  await change(world, must(world.ground.decoys[0]));
  expect(appOf(world).webhooks).toEqual({ delivered: 0, failed: 0, pending: 0, vanished: 1, endpointDisabled: false });
  expect(dataOf(await svix(world, 'GET', 'msg'))).toEqual([]);
});

test('a disabled endpoint gets nothing until it is enabled and its messages are recovered', async () => {
  const world = await startAppWorld({ ...WITH_TABLE, services: { webhooks: { disabled: true } } });
  await change(world, must(world.ground.decoys[0]));
  expect(appOf(world).webhooks).toMatchObject({ failed: 1, endpointDisabled: true });
  const since = { since: '2026-01-01T00:00:00Z' };
  expect((await svix(world, 'POST', '{ep}/recover', since)).status).toBe(400);
  expect(await svix(world, 'PATCH', '{ep}', { disabled: false })).toMatchObject({
    status: 200,
    body: { disabled: false },
  });
  expect((await svix(world, 'POST', '{ep}/recover', since)).status).toBe(202);
  await untilApp(world, ({ webhooks }) => webhooks.delivered === 1);
});

test('an endpoint that fails for five days is disabled, and what waits for it fails', async () => {
  const clock = manualClock();
  const world = await startAppWorld({ app: { bad: { webhooks: 'failing' } }, services: { webhooks: {} } }, { clock });
  const user = must(world.ground.decoys[0]);
  await change(world, user);
  await untilApp(world, ({ webhooks }) => webhooks.pending === 1);
  await expect.poll(async () => dataOf(await svix(world, 'GET', 'attempt/{ep}'))).toHaveLength(1);
  clock.advance(5 * 86_400_000);
  await untilApp(world, ({ webhooks }) => webhooks.endpointDisabled);
  expect(appOf(world).webhooks).toMatchObject({ pending: 0, failed: 1 });
});

test('after a rotation both secrets sign for a day, then only the new one does', async () => {
  const clock = manualClock();
  // Without a deployment provider the app is given the new secret at once; with one it keeps the old until it is deployed.
  const world = await startAppWorld({ ...WITH_TABLE, services: { webhooks: {}, vercel: {} } }, { clock });
  const { body } = await svix(world, 'GET', '{ep}/secret');
  expect(body).toEqual({ key: world.env.CLERK_WEBHOOK_SIGNING_SECRET });
  expect((await svix(world, 'POST', '{ep}/secret/rotate', {})).status).toBe(204);
  expect((await svix(world, 'GET', '{ep}/secret')).body).not.toEqual(body);
  await change(world, must(world.ground.decoys[0]));
  await untilApp(world, ({ webhooks }) => webhooks.delivered === 1);
  clock.advance(86_400_001);
  await change(world, must(world.ground.decoys[0]));
  await expect
    .poll(async () => dataOf(await svix(world, 'GET', 'attempt/{ep}?status=2')))
    .toMatchObject([{ responseStatusCode: 400 }]);
});

test('a world killed between a change and its message sends the message when it resumes', async () => {
  const stateFile = temporaryFile();
  const world = await startWorld({ scenario: scenarioWith(WITH_TABLE), stateFile });
  const user = must(world.ground.decoys[0]);
  const resumed = await resumeAfter(world, { type: 'user.delete', at: Date.now(), by: 'world', user }, { stateFile });
  await untilApp(resumed, ({ webhooks }) => webhooks.delivered === 1);
  expect(appOf(resumed).table).toEqual({ missing: 0, stale: 0, orphans: 0 });
  expect(rowsOf(resumed).find(({ clerk_id }) => clerk_id === user)?.deleted_at).not.toBeNull();
});

test('a world killed while messages wait delivers them when it resumes, each to one effect', async () => {
  const stateFile = temporaryFile();
  const clock = manualClock();
  const scenario = scenarioWith({ ...WITH_TABLE, app: { table: {}, bad: { webhooks: 'failing' } } });
  const world = await startWorld({ scenario, stateFile, clock });
  await change(world, must(world.ground.decoys[0]));
  await expect.poll(async () => dataOf(await svix(world, 'GET', 'attempt/{ep}'))).toHaveLength(1);
  const id = 'dpl_fixed';
  const resumed = await resumeAfter(
    world,
    {
      type: 'deployment.create',
      at: clock.now(),
      by: 'world',
      id,
      code: 'good',
      message: 'Fix',
      readyAt: clock.now(),
      variables: { CLERK_WEBHOOK_SIGNING_SECRET: must(world.env.CLERK_WEBHOOK_SIGNING_SECRET) },
    },
    { stateFile, clock },
  );
  expect(appOf(resumed).webhooks).toMatchObject({ pending: 1 });
  clock.advance(5000);
  await untilApp(resumed, ({ webhooks }) => webhooks.delivered === 1);
});

test('the messages that missing, stale and orphaned rows needed can be recovered, where the sender has them', async () => {
  const world = await startAppWorld({
    app: { table: { missing: 5, stale: 4, orphans: 3 } },
    services: { webhooks: { backlog: 'failed' } },
  });
  expect(appOf(world)).toMatchObject({ table: { missing: 5, stale: 4, orphans: 3 }, webhooks: { failed: 12 } });
  await svix(world, 'POST', '{ep}/recover', { since: new Date(world.startedAt - 86_400_000).toISOString() });
  await untilApp(world, ({ webhooks }) => webhooks.delivered === 12);
  expect(appOf(world).table).toEqual({ missing: 0, stale: 0, orphans: 0 });
});

test('a session that begins or is revoked is announced too; a ban announces nothing', async () => {
  const world = await startAppWorld(WITH_TABLE);
  const [victim] = world
    .facts()
    .concerned.filter(({ role, liveSessions }) => role === 'compromised' && liveSessions > 20);
  const session = must((await liveSessionIds(world, must(victim).id))[0]);
  await ask(world, 'POST', `/v1/sessions/${session}/revoke`);
  await ask(world, 'POST', `/v1/sessions/${session}/revoke`);
  await ask(world, 'POST', `/v1/users/${must(victim).id}/ban`);
  await untilApp(world, ({ webhooks }) => webhooks.delivered > 0 && webhooks.pending === 0);
  expect(dataOf(await svix(world, 'GET', 'msg'))).toMatchObject([
    {
      eventType: 'session.revoked',
      payload: { data: { id: session, status: 'revoked', user: { id: must(victim).id } } },
    },
  ]);
});

test("the sender's API wants its token and knows no other application or endpoint", async () => {
  const world = await startAppWorld(WITH_TABLE);
  const { SVIX_API_URL, SVIX_TOKEN, SVIX_APP_ID } = world.env;
  expect(await call(SVIX_API_URL, 'wrong', ['GET', `/api/v1/app/${SVIX_APP_ID}/msg`])).toMatchObject({
    status: 401,
    body: { code: 'authentication_failed' },
  });
  expect((await call(SVIX_API_URL, SVIX_TOKEN, ['GET', '/api/v1/app/app_other/msg/'])).status).toBe(404);
  expect((await svix(world, 'GET', 'endpoint/ep_other/secret/')).status).toBe(404);
  expect((await svix(world, 'POST', '{ep}/recover/', { since: 'yesterday' })).status).toBe(422);
});

test('a world that names no sender has none', async () => {
  const world = await startTestWorld();
  expect(Object.keys(world.env).filter((name) => /SVIX|WEBHOOK|DATABASE/.test(name))).toEqual([]);
  expect(world.facts().app).toBeUndefined();
});
