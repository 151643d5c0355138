import { expect, test } from 'vitest';
import probe from '../../../actions/http/probe.ts';
import type { JsonObject } from '../../../engine/json.ts';
import { fakeRun } from '../fake-context.ts';
import { serve, urlOfNobody } from '../local-server.ts';

test('a 200 is ok', async () => {
  const url = await serve((_request, response) => response.end('healthy'));
  expect(await fakeRun().run(probe, { url, bodyIncludes: 'health' })).toEqual({
    ok: true,
    status: 200,
    failure: 'none',
    summary: expect.stringMatching(/^GET http:\/\/127\.0\.0\.1:\d+\/ answered 200 in \d+ ms$/),
    latencyMs: expect.any(Number),
    maxLatencyMs: expect.any(Number),
    attempts: 1,
    redirects: [],
    headers: {},
    picked: {},
    warnings: [],
  });
});

test('a 503 and an unreachable host are values, not errors', async () => {
  const url = await serve((_request, response) => response.writeHead(503).end());
  expect(await fakeRun().run(probe, { url })).toMatchObject({
    ok: false,
    status: 503,
    error: 'answered 503, expected 200 to 299',
  });
  const gone = await fakeRun().run(probe, { url: await urlOfNobody() });
  expect(gone).toMatchObject({ ok: false, status: 0, error: expect.stringContaining('ECONNREFUSED') });
});

test('a redirect to a sign-in page is not ok unless it is expected', async () => {
  const url = await serve((_request, response) => response.writeHead(302, { location: '/sign-in' }).end());
  expect(await fakeRun().run(probe, { url })).toMatchObject({
    ok: false,
    error: 'answered 302 to /sign-in, expected 200 to 299',
  });
  expect(await fakeRun().run(probe, { url, expectStatus: [302], method: 'HEAD' })).toMatchObject({
    ok: true,
    status: 302,
  });
});

test('says when no answer came in time', async () => {
  const url = await serve(() => undefined);
  expect(await fakeRun().run(probe, { url, timeoutMs: 50 })).toMatchObject({
    ok: false,
    status: 0,
    error: 'no answer within 50 ms',
  });
});

test('says when the body is another one', async () => {
  const url = await serve((_request, response) => response.end('x'.repeat(3_000_000)));
  expect(await fakeRun().run(probe, { url, bodyIncludes: 'y' })).toMatchObject({
    ok: false,
    error: 'the body does not hold "y"',
  });
});

test('tries again up to the number given, and counts', async () => {
  let asked = 0;
  const url = await serve((_request, response) => response.writeHead(++asked < 3 ? 500 : 200).end());
  expect(await fakeRun().run(probe, { url, tries: 5 })).toMatchObject({ ok: true, attempts: 3 });
  expect(asked).toBe(3);
});

test('an aborted step is not taken for an endpoint that is down', async () => {
  const stopped = fakeRun();
  const url = await serve(() => stopped.abort.abort(new Error('paused')));
  await expect(stopped.run(probe, { url })).rejects.toThrow('paused');
});

test('refuses an address that is no http URL, and a POST', async () => {
  await expect(fakeRun().run(probe, { url: 'file:///etc/passwd' })).rejects.toThrow(/input/);
  await expect(fakeRun().run(probe, { url: 'http://x', method: 'POST' })).rejects.toThrow(/input/);
});

test('expects classes and ranges of statuses too', async () => {
  const url = await serve((_request, response) => response.writeHead(404).end());
  expect(await fakeRun().run(probe, { url, expectStatus: ['4xx'] })).toMatchObject({ ok: true, status: 404 });
  expect(await fakeRun().run(probe, { url, expectStatus: ['200-299', 401] })).toMatchObject({
    ok: false,
    error: 'answered 404, expected 200-299, 401',
  });
});

test.for<[string, { readonly [name: string]: JsonObject | boolean | string | string[] }, string | undefined]>([
  ['its fields', { status: 'ok' }, undefined],
  ['fields of fields, and a list', { checks: { queue: { depth: 0 } }, regions: ['eu'] }, undefined],
  ['another value', { checks: { database: 'up' } }, 'checks.database differs'],
  ['another list', { regions: ['us'] }, 'regions[0] differs'],
  ['a shorter list', { regions: [] }, 'regions differs'],
  ['a field that is not there', { constructor: {} }, 'constructor differs'],
])('looks into a JSON body: %s', async ([, jsonHolds, problem]) => {
  const body = { status: 'ok', checks: { database: 'down', queue: { depth: 0, oldest: null } }, regions: ['eu'] };
  const url = await serve((_request, response) => response.end(JSON.stringify(body)));
  const result = await fakeRun().run(probe, { url, jsonHolds });
  if (problem === undefined) expect(result).toMatchObject({ ok: true });
  else expect(result).toMatchObject({ ok: false, error: expect.stringContaining(problem) });
});

test('a body that is no JSON does not hold what is expected of it', async () => {
  const url = await serve((_request, response) => response.end('<html>sign in</html>'));
  expect(await fakeRun().run(probe, { url, jsonHolds: {} })).toMatchObject({ ok: false, error: 'the body is no JSON' });
});

test('a slow answer is not ok, and of several samples the median counts', async () => {
  let asked = 0;
  const url = await serve((_request, response) => {
    asked++;
    // One slow answer of five is an outlier; three are a finding.
    setTimeout(() => response.end(), asked === 1 || asked > 5 ? 400 : 0);
  });
  await fetch(url);
  asked = 0;
  const limits = { url, samples: 5, maxLatencyMs: 200 };
  expect(await fakeRun().run(probe, limits)).toMatchObject({ ok: true, attempts: 1 });
  expect(asked).toBe(5);
  const slow = await fakeRun().run(probe, limits);
  expect(slow).toMatchObject({
    ok: false,
    status: 200,
    error: expect.stringMatching(/^took \d+ ms \(median of 5\), expected at most 200 ms$/),
  });
  expect(slow.latencyMs).toBeGreaterThan(200);
});

test('measuring ends with the first sample that is not ok', async () => {
  let asked = 0;
  const url = await serve((_request, response) => response.writeHead(++asked === 2 ? 503 : 200).end());
  expect(await fakeRun().run(probe, { url, samples: 10 })).toMatchObject({ ok: false, status: 503 });
  expect(asked).toBe(2);
});

test('sends the headers it is given', async () => {
  const url = await serve((incoming, response) =>
    response.writeHead(incoming.headers.authorization === 'Bearer t' ? 200 : 401).end(),
  );
  expect(await fakeRun().run(probe, { url, headers: { authorization: 'Bearer t' } })).toMatchObject({ ok: true });
});
