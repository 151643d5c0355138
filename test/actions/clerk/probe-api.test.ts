// Against the drill's emulator and stubs over real HTTP: only lower bounds are asserted of what was measured.
import { expect, test } from 'vitest';
import probeApi from '../../../actions/clerk/probe-api.ts';
import type { JsonObject } from '../../../engine/action.ts';
import type { DrillWorld } from '../../../engine/drill/world.ts';
import { scenarioWith, startTestWorld } from '../../drill/helpers.ts';
import { type FakeOptions, fakeRun } from '../fake-context.ts';
import { serve, urlOfNobody } from '../local-server.ts';
import { SECRET_KEY } from './setup.ts';

const USERS = { path: '/v1/users' };
const FEW = { tries: 4, slowMs: 2000, timeoutMs: 1000 };

async function probe(
  faults: readonly JsonObject[],
  input: JsonObject = FEW,
  options: FakeOptions = {},
): Promise<{ readonly output: JsonObject; readonly world: DrillWorld }> {
  const world = await startTestWorld({ scenario: scenarioWith({}, { faults: [...faults] }) });
  const run = fakeRun({ secrets: { CLERK_SECRET_KEY: world.secretKey }, env: world.env, ...options });
  return { output: await run.run(probeApi, input), world };
}

function asked(world: DrillWorld): { readonly [route: string]: number } {
  return Object.fromEntries(world.requests().map(({ route, requests }) => [route, requests]));
}

/** A Clerk of one test, or what stands in its place. */
async function probeAt(url: string, input: JsonObject = FEW, key = SECRET_KEY): Promise<JsonObject> {
  return await fakeRun({ secrets: { CLERK_SECRET_KEY: key }, env: { CLERK_API_URL: url } }).run(probeApi, input);
}

test('a healthy API is up, its key valid, its key set there, and both are asked so many times', async () => {
  const { output, world } = await probe([]);
  expect(output).toEqual({
    ok: true,
    state: 'up',
    key: 'valid',
    tries: 4,
    failures: {},
    p50Ms: expect.any(Number),
    maxMs: expect.any(Number),
    jwks: { ok: true, failures: {}, p50Ms: expect.any(Number), maxMs: expect.any(Number) },
    host: new URL(world.apiUrl).host,
    summary: expect.stringMatching(/^Clerk's API is up; median \d+ ms; the key set is there \(median \d+ ms\)$/),
  });
  expect(asked(world)).toEqual({ 'GET /v1/users': 4, 'GET /v1/jwks': 4 });
});

test.for<[string, JsonObject, JsonObject]>([
  ['a 503', { kind: 'error', status: 503 }, { 'server-error': 4 }],
  ['a page of a proxy in front of Clerk', { kind: 'outage' }, { 'server-error': 4 }],
  ['connections that break off', { kind: 'outage', how: 'refuse' }, { reset: 4 }],
  ['answers that are lost', { kind: 'drop-answer' }, { reset: 4 }],
])('an API that is down is a value: %s', async ([, fault, failures]) => {
  const { output } = await probe([{ match: { path: '/**' }, ...fault }]);
  expect(output).toMatchObject({
    ok: false,
    state: 'down',
    key: 'unknown',
    failures,
    jwks: { ok: false, failures },
    lastError: expect.stringContaining('GET /jwks'),
    summary: expect.stringMatching(/^Clerk's API is down; of 4 tries failed: 4 .*; the key set is not; GET \/jwks/),
  });
  expect(output).not.toHaveProperty('p50Ms');
});

test('no answer in time is down', async () => {
  const url = await serve(() => undefined);
  expect(await probeAt(url, { tries: 2, timeoutMs: 100 })).toMatchObject({
    state: 'down',
    failures: { timeout: 2 },
    lastError: expect.stringContaining('no answer within 100 ms'),
  });
});

test('the API may be down while the key set is there: what is signed in stays so', async () => {
  const { output } = await probe([{ match: USERS, kind: 'error', status: 500 }]);
  expect(output).toMatchObject({
    ok: false,
    state: 'down',
    jwks: { ok: true },
    lastError: expect.stringMatching(/trace/),
  });
});

test('an API that is up without its key set is not ok', async () => {
  const { output } = await probe([{ match: { path: '/v1/jwks' }, kind: 'error', status: 503 }]);
  expect(output).toMatchObject({ ok: false, state: 'up', jwks: { ok: false, failures: { 'server-error': 4 } } });
});

test('a median over the threshold is slow', async () => {
  const { output } = await probe([{ match: USERS, kind: 'latency', latencyMs: 80 }], { tries: 3, slowMs: 40 });
  expect(output).toMatchObject({ ok: false, state: 'slow', key: 'valid', failures: {} });
  expect(output.p50Ms).toBeGreaterThanOrEqual(79);
});

test.for<[number, string]>([
  [1, 'up'],
  [2, 'slow'],
  [3, 'down'],
])('of five tries %i that fail are %s', async ([count, state]) => {
  const { output } = await probe([{ match: USERS, kind: 'error', status: 502, count }], { tries: 5, slowMs: 2000 });
  expect(output).toMatchObject({ state, ok: state === 'up', failures: { 'server-error': count } });
});

test('a key that Clerk refuses is no outage, and no fault of the network', async () => {
  const { output } = await probe([{ match: { path: '/**' }, kind: 'key-revoked' }]);
  expect(output).toMatchObject({
    ok: false,
    state: 'refused',
    key: 'invalid',
    failures: { key: 4 },
    jwks: { ok: true },
    lastError: expect.stringContaining('GET /users answered 401 clerk_key_invalid'),
    summary: expect.stringContaining('it refuses CLERK_SECRET_KEY'),
  });
});

test.for(['sk_live_abc\n', '"sk_live_abcdefghij"', 'pk_live_abcdefghij', 'sk_live_…'])(
  'a key that has the form of none is not sent, and its value not told: %j',
  async (key) => {
    const { output, world } = await probe([], FEW, { secrets: { CLERK_SECRET_KEY: key } });
    expect(output).toMatchObject({ ok: false, state: 'refused', key: 'invalid', failures: {}, jwks: { ok: true } });
    expect(output.summary).toContain('so it was not sent');
    expect(JSON.stringify(output)).not.toContain(key.trim());
    expect(asked(world)).toEqual({ 'GET /v1/jwks': 4 });
  },
);

test('over the limit is said to be so, and nothing more is asked until Clerk answers again', async () => {
  const { output, world } = await probe([{ match: USERS, kind: 'rate-limit', retryAfterSeconds: 7, afterRequests: 1 }]);
  expect(output).toMatchObject({
    ok: false,
    state: 'limited',
    key: 'valid',
    failures: { limited: 1 },
    jwks: { ok: true },
  });
  expect(asked(world)).toEqual({ 'GET /v1/users': 2, 'GET /v1/jwks': 4 });
});

test.for<[string, number, string, string]>([
  ["a network's sign-in page", 200, '<html>Welcome to Hotel Wi-Fi', 'foreign'],
  ['a network that wants a sign-in', 511, 'who are you', 'foreign'],
  ['a 401 that is not of Clerk', 401, 'Unauthorized', 'foreign'],
  ['JSON of another API', 200, '{"ok":true}', 'foreign'],
])('somebody else answers: %s', async ([, status, body, failure]) => {
  const url = await serve((_request, response) => response.writeHead(status).end(body));
  expect(await probeAt(url)).toMatchObject({
    ok: false,
    state: 'unreachable',
    key: 'unknown',
    failures: { [failure]: 4 },
    jwks: { ok: false },
  });
});

test('a redirect is not followed with the key', async () => {
  let stolen = false;
  const other = await serve((_request, response) => {
    stolen = true;
    response.end();
  });
  const url = await serve((_request, response) => response.writeHead(302, { location: other }).end());
  expect(await probeAt(url)).toMatchObject({ state: 'unreachable', failures: { foreign: 4 } });
  expect(stolen).toBe(false);
});

test.for<[string, () => Promise<string>, string]>([
  ['nobody listens', urlOfNobody, 'refused'],
  ['the name does not exist', async () => 'http://api.clerk.invalid', 'dns'],
])('not reachable from here: %s', async ([, url, failure]) => {
  expect(await probeAt(await url())).toMatchObject({
    ok: false,
    state: 'unreachable',
    key: 'unknown',
    failures: { [failure]: 4 },
  });
});

test('another refusal than of the key shows that the key holds', async () => {
  const errors = { errors: [{ code: 'authorization_invalid', message: 'no' }] };
  const url = await serve((_request, response) => response.writeHead(403).end(JSON.stringify(errors)));
  expect(await probeAt(url)).toMatchObject({ state: 'refused', key: 'valid', failures: { rejected: 4 } });
});

test('a plan asks once', async () => {
  const world = await startTestWorld();
  const secrets = { CLERK_SECRET_KEY: world.secretKey };
  const output = await fakeRun({ secrets, env: world.env, planning: true }).run(probeApi, FEW);
  expect(output).toMatchObject({ ok: true, tries: 1 });
  expect(asked(world)).toEqual({ 'GET /v1/users': 1, 'GET /v1/jwks': 1 });
});

test('an aborted step is not taken for an API that is down', async () => {
  const stopped = fakeRun({
    secrets: { CLERK_SECRET_KEY: SECRET_KEY },
    env: { CLERK_API_URL: await serve(() => stopped.abort.abort(new Error('paused'))) },
  });
  await expect(stopped.run(probeApi, FEW)).rejects.toThrow('paused');
});
