import { expect, test } from 'vitest';
import probe from '../../../actions/http/probe.ts';
import { fakeRun } from '../fake-context.ts';
import { serve, urlOfNobody } from '../local-server.ts';

test('a 200 is ok', async () => {
  const url = await serve((_request, response) => response.end('healthy'));
  expect(await fakeRun().run(probe, { url, bodyIncludes: 'health' })).toEqual({
    ok: true,
    status: 200,
    latencyMs: expect.any(Number),
    attempts: 1,
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
