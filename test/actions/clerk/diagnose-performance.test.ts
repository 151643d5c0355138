// Against the drill's emulator over real HTTP and in real time: only lower bounds are asserted of what was measured.
import { expect, test } from 'vitest';
import diagnosePerformance from '../../../actions/clerk/diagnose-performance.ts';
import type { JsonObject } from '../../../engine/action.ts';
import type { DrillWorld } from '../../../engine/drill/world.ts';
import { liveSessionIds, must, scenarioWith, startTestWorld } from '../../drill/helpers.ts';
import { type FakeOptions, type FakeRun, fakeRun } from '../fake-context.ts';

const FEW = { samples: 4, warmUp: 1, authThresholdMs: 2000, apiThresholdMs: 2000 };

interface Drill {
  readonly world: DrillWorld;
  readonly user: string;
  readonly session: string;
  run(options?: FakeOptions): FakeRun;
}

async function startDrill(...faults: JsonObject[]): Promise<Drill> {
  const world = await startTestWorld({ scenario: scenarioWith({}, { faults }) });
  const { id } = must(
    world.facts().concerned.find(({ role, liveSessions }) => role === 'compromised' && liveSessions > 0),
  );
  return {
    world,
    user: id,
    session: must((await liveSessionIds(world, id)).at(0)),
    run: (options) => fakeRun({ secrets: { CLERK_SECRET_KEY: world.secretKey }, env: world.env, ...options }),
  };
}

/** As it is before a fake context puts its gate in place. */
const plainFetch = globalThis.fetch;

async function tokenOf(world: DrillWorld, session: string): Promise<string> {
  const response = await plainFetch(`${world.apiUrl}/v1/sessions/${session}/tokens`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${world.secretKey}` },
  });
  return ((await response.json()) as { jwt: string }).jwt;
}

/** By name. */
function measuresOf(output: JsonObject): Map<string, JsonObject> {
  return new Map((output.measures as JsonObject[]).map((one) => [String(one.name), one]));
}

test('takes all measures of a healthy instance, with a token minted through the ledger', async () => {
  const { run, session, world } = await startDrill();
  const diagnosing = run();
  const output = await diagnosing.run(diagnosePerformance, { session, ...FEW });
  expect(output.ok).toBe(true);
  const measures = measuresOf(output);
  expect([...measures.keys()]).toEqual(['authCheck', 'authCheckCold', 'getUserList', 'currentUser', 'roundTrip']);
  for (const one of measures.values()) expect(one).toMatchObject({ verdict: 'ok', samples: 4, errors: 0 });
  expect([...diagnosing.results.values()]).toMatchObject([
    { kind: 'session', id: session, verb: 'mint a token of', outcome: 'done' },
  ]);
  // Each cold check fetches the key set, each listing is one request.
  const asked = new Map(world.requests().map(({ route, requests }) => [route, requests]));
  expect(asked.get('GET /v1/jwks')).toBe(5 + 5);
  expect(asked.get('GET /v1/users')).toBe(5);
  expect(asked.has('GET /v1/users/count')).toBe(false);
  expect(JSON.stringify(output)).not.toContain('eyJ');
});

test('says what is slow: the API under latency, while tokens verify at once', async () => {
  const { run, session } = await startDrill({ match: { path: '/v1/users' }, kind: 'latency', latencyMs: 60 });
  const output = await run().run(diagnosePerformance, { session, ...FEW, apiThresholdMs: 50 });
  const measures = measuresOf(output);
  expect(output.ok).toBe(false);
  expect(must(measures.get('getUserList'))).toMatchObject({
    verdict: 'slow',
    advice: expect.stringContaining('API slow - check Clerk status or network'),
  });
  expect(Number(must(measures.get('getUserList')).p50)).toBeGreaterThanOrEqual(50);
  expect(must(measures.get('authCheck'))).toMatchObject({ verdict: 'ok' });
  expect(output.network).toMatch(/^Clerk: /);
});

test('a heavy tail shows in the high percentiles and in the histogram, not in the median', async () => {
  const { run, user } = await startDrill({
    match: { path: '/v1/users' },
    kind: 'latency',
    latencyMs: 400,
    afterRequests: 5,
    count: 3,
  });
  const output = await run().run(diagnosePerformance, { user, samples: 20, warmUp: 1, apiThresholdMs: 300 });
  const list = must(measuresOf(output).get('getUserList'));
  expect(list).toMatchObject({ verdict: 'slow', samples: 20, errors: 0 });
  expect(Number(list.p95)).toBeGreaterThanOrEqual(390);
  expect(Number(list.p50)).toBeLessThan(Number(list.p95));
  // On a busy machine the slow ones spread over several rows.
  const slow = (list.histogram as string[]).flatMap(
    (row) => /^ *(?:<= (?:500|\d{4,})|> \d+) ms .* (\d+)$/.exec(row)?.[1] ?? [],
  );
  expect(slow.reduce((sum, count) => sum + Number(count), 0)).toBeGreaterThanOrEqual(3);
});

test('a cold key set is slow where only the key set is', async () => {
  const { run, session } = await startDrill({ match: { path: '/v1/jwks' }, kind: 'latency', latencyMs: 60 });
  const output = await run().run(diagnosePerformance, { session, ...FEW, authThresholdMs: 50 });
  const measures = measuresOf(output);
  expect(must(measures.get('authCheckCold'))).toMatchObject({ verdict: 'slow' });
  expect(must(measures.get('authCheckCold')).advice).toContain('CLERK_JWT_KEY');
});

test('an API that fails is said to fail, and no token is asked of it', async () => {
  const { run, session } = await startDrill({ match: { path: '/v1/users' }, kind: 'error', status: 503 });
  const diagnosing = run();
  const output = await diagnosing.run(diagnosePerformance, { session, ...FEW });
  const measures = measuresOf(output);
  expect(must(measures.get('getUserList'))).toMatchObject({
    verdict: 'failing',
    errors: 4,
    lastError: expect.stringContaining('503'),
  });
  expect(must(measures.get('authCheck'))).toMatchObject({ verdict: 'not-measured' });
  expect(diagnosing.results.size).toBe(0);
});

test('measures with a token that it is given, and mints none', async () => {
  const { run, session, world } = await startDrill();
  const token = await tokenOf(world, session);
  const diagnosing = run();
  const output = await diagnosing.run(diagnosePerformance, { token, ...FEW });
  expect(output.ok).toBe(true);
  expect(diagnosing.results.size).toBe(0);
  expect(world.requests().find(({ route }) => route === 'GET /v1/users/:userId')?.requests).toBe(5);
});

test('a token of another instance fails the check, with the reason', async () => {
  const { run, session } = await startDrill();
  const other = await startTestWorld({ seed: 99 });
  const { id } = must(other.facts().concerned.find(({ liveSessions }) => liveSessions > 0));
  const foreign = await tokenOf(other, must((await liveSessionIds(other, id)).at(0)));
  const output = await run().run(diagnosePerformance, { token: foreign, session, ...FEW, samples: 2 });
  expect(must(measuresOf(output).get('authCheck'))).toMatchObject({
    verdict: 'failing',
    advice: expect.stringContaining('keys are those of one instance'),
  });
});

/** Of nobody's key, which ran out long ago. */
const OVER = ['{"alg":"RS256","kid":"k"}', '{"sub":"user_1","exp":1600000000}', 'x']
  .map((part) => Buffer.from(part).toString('base64url'))
  .join('.');

test.for<[string, JsonObject, RegExp]>([
  ['a session that there is not', { session: 'sess_2aaaaaaaaaaaaaaaaaaaaaaaaaa' }, /there is no session/],
  ['a token that has run out', { token: OVER }, /the token ran out/],
])('what was asked for and cannot be measured is not well, and says why: %s', async ([, input, reason]) => {
  const { run } = await startDrill();
  const output = await run().run(diagnosePerformance, { ...FEW, ...input });
  const measures = measuresOf(output);
  for (const name of ['authCheck', 'authCheckCold']) {
    const auth = must(measures.get(name));
    expect(auth).toMatchObject({ verdict: 'not-measured', samples: 0, advice: expect.stringMatching(reason) });
  }
  expect(output.ok).toBe(false);
});

test('what was not asked for is said to be so, and does not make a healthy Clerk unwell', async () => {
  const { run } = await startDrill();
  const output = await run().run(diagnosePerformance, FEW);
  const verdicts = [...measuresOf(output).values()].map(({ name, verdict }) => [name, verdict]);
  expect(Object.fromEntries(verdicts)).toEqual({
    authCheck: 'not-asked',
    authCheckCold: 'not-asked',
    currentUser: 'not-asked',
    getUserList: 'ok',
    roundTrip: 'ok',
  });
  expect(output.ok).toBe(true);
  expect(output.summary).toContain('- authCheck not-asked. Not asked for: give `token`, `session` or `user`');
});

test('a plan asks each thing once, and mints nothing', async () => {
  const { run, session, world } = await startDrill();
  const output = await run({ planning: true }).run(diagnosePerformance, { session, ...FEW });
  expect(must(measuresOf(output).get('authCheck')).advice).toContain('a plan mints no token');
  expect(world.changeRequests()).toEqual([]);
  expect(world.requests().find(({ route }) => route === 'GET /v1/users')?.requests).toBe(1);
});

test.for<[string, JsonObject]>([
  ['a session id that would change the path', { session: 'sess_1/../x' }],
  ['no samples', { samples: 0 }],
  ['an unknown field', { sample: 3 }],
])('its input schema refuses %s', async ([, input]) => {
  const { run, world } = await startDrill();
  const before = world.requests().length;
  await expect(run().run(diagnosePerformance, input)).rejects.toThrow(/input/);
  expect(world.requests()).toHaveLength(before);
});
