import { expect, test } from 'vitest';
import { createFaultTable } from '../../engine/drill/faults.ts';
import { drawLatency } from '../../engine/drill/latency.ts';
import { parseFault } from '../../engine/drill/scenario.ts';
import { ask, must, scenarioWith, startTestWorld, testClock } from './helpers.ts';

const percentile = (values: readonly number[], share: number): number =>
  must([...values].sort((a, b) => a - b)[Math.floor(values.length * share)]);

for (const distribution of ['lognormal', 'pareto'] as const) {
  test(`a ${distribution} tail has the median and the 99th percentile that it names`, () => {
    const table = createFaultTable(7, [
      parseFault({ kind: 'latency', match: {}, tail: { distribution, p50Ms: 100, p99Ms: 2000, maxMs: 600_000 } }),
    ]);
    const waits = Array.from({ length: 20_000 }, () => must(table.hit('clerk', 'GET', '/v1/users', 0)).latencyMs);
    expect(percentile(waits, 0.5)).toBeGreaterThan(90);
    expect(percentile(waits, 0.5)).toBeLessThan(110);
    expect(percentile(waits, 0.99)).toBeGreaterThan(1600);
    expect(percentile(waits, 0.99)).toBeLessThan(2400);
  });
}

test('a tail is cut off at its maximum', () => {
  const tail = { distribution: 'pareto', p50Ms: 100, p99Ms: 5000, maxMs: 300 } as const;
  expect(drawLatency(tail, 0.999999, 0.5)).toBe(300);
});

test('the same seed gives the same latencies, another one others', () => {
  const waits = (seed: number): readonly number[] => {
    const table = createFaultTable(seed, [parseFault({ kind: 'latency', match: {}, tail: { p50Ms: 10, p99Ms: 900 } })]);
    return Array.from({ length: 20 }, () => must(table.hit('clerk', 'GET', '/v1/users', 0)).latencyMs);
  };
  expect(waits(1)).toEqual(waits(1));
  expect(waits(1)).not.toEqual(waits(2));
});

test('an outage holds in its window, and answers as a proxy does; nothing happens meanwhile', async () => {
  const clock = testClock();
  const scenario = scenarioWith(
    {},
    { faults: [{ match: { path: '/v1/**' }, kind: 'outage', from: '10s', until: '20s' }] },
  );
  const world = await startTestWorld({ scenario, clock });
  const user = must(world.ground.decoys[0]);
  expect((await ask(world, 'GET', '/v1/users/count')).status).toBe(200);
  clock.advance(15_000);
  const response = await fetch(`${world.apiUrl}/v1/users/${user}/ban`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${world.secretKey}` },
  });
  expect(response.status).toBe(503);
  expect(response.headers.get('content-type')).toMatch('text/html');
  clock.advance(10_000);
  expect((await ask(world, 'GET', `/v1/users/${user}`)).body).toMatchObject({ banned: false });
});

test('an outage that refuses cuts the connection, on any server of the world', async () => {
  const scenario = scenarioWith({}, { faults: [{ match: { server: 'status' }, kind: 'outage', how: 'refuse' }] });
  const world = await startTestWorld({ scenario });
  await expect(fetch(`${world.statusUrl}/api/v2/status.json`)).rejects.toThrow();
});

test('a revoked key answers 401 from its time on, as for a key that there is not', async () => {
  const clock = testClock();
  const scenario = scenarioWith({}, { faults: [{ match: { path: '/v1/**' }, kind: 'key-revoked', from: '1m' }] });
  const world = await startTestWorld({ scenario, clock });
  expect((await ask(world, 'GET', '/v1/users/count')).status).toBe(200);
  clock.advance(61_000);
  const known = await ask(world, 'GET', '/v1/users/count');
  const unknown = await ask(world, 'GET', '/v1/users/count', undefined, 'sk_live_another');
  expect(known.status).toBe(401);
  expect(known.body).toMatchObject({
    errors: [{ code: (unknown.body as { errors: { code: string }[] }).errors[0]?.code }],
  });
});

test('a slow body arrives in pieces, whole in the end, and waits between them', async () => {
  const clock = testClock();
  const scenario = scenarioWith(
    {},
    { faults: [{ match: { path: '/v1/users/count' }, kind: 'slow-body', chunkBytes: 8, chunkEveryMs: 50 }] },
  );
  const world = await startTestWorld({ scenario, clock });
  expect((await ask(world, 'GET', '/v1/users/count')).body).toMatchObject({ total_count: 40 });
  expect(clock.slept.length).toBeGreaterThan(2);
  expect(new Set(clock.slept)).toEqual(new Set([50]));
});
