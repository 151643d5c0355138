import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { stepIdempotencyKey } from '../../../actions/http/idempotency-key.ts';
import request from '../../../actions/http/request.ts';
import { Paused, PermanentFailure } from '../../../engine/action.ts';
import { type FakeOptions, fakeRun } from '../fake-context.ts';
import { serve, urlOfNobody } from '../local-server.ts';

interface Got {
  readonly line: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}
interface Site {
  readonly url: string;
  readonly got: Got[];
}
interface Reply {
  readonly status?: number;
  readonly headers?: { readonly [name: string]: string };
  readonly body?: string;
}

/** Answers each request with what `reply` says of it, and keeps what it got. */
async function site(reply: (got: Got) => Reply = () => ({})): Promise<Site> {
  const got: Got[] = [];
  const url = await serve(async (incoming, response) => {
    let body = '';
    for await (const part of incoming) body += part;
    const one = { line: `${incoming.method} ${incoming.url}`, headers: incoming.headers, body };
    got.push(one);
    const { status = 200, headers = {}, body: answer = '' } = reply(one);
    response.writeHead(status, headers).end(answer);
  });
  return { url, got };
}

/** Takes a request and breaks the connection off without an answer. */
async function siteThatLosesAnswers(): Promise<Site> {
  const got: Got[] = [];
  const url = await serve((incoming, response) => {
    got.push({ line: `${incoming.method} ${incoming.url}`, headers: incoming.headers, body: '' });
    response.destroy();
  });
  return { url, got };
}

const target = { kind: 'node', id: 'web-1' };
const changing: FakeOptions = { effect: 'change', target };

test('a read gives status, the headers that are kept, and the body as text or JSON', async () => {
  const { url, got } = await site(() => ({
    headers: { 'content-type': 'application/json', 'set-cookie': 'session=1', 'x-region': 'eu' },
    body: '{"nodes":["a"]}',
  }));
  expect(await fakeRun().run(request, { url: `${url}/nodes`, parse: 'json', keepHeaders: ['X-Region'] })).toEqual({
    status: 200,
    value: { nodes: ['a'] },
    headers: { 'content-type': 'application/json', 'x-region': 'eu' },
    isTruncated: false,
    durationMs: expect.any(Number),
  });
  expect(await fakeRun().run(request, { url })).toMatchObject({ value: '{"nodes":["a"]}' });
  expect(await fakeRun().run(request, { url, parse: 'none' })).toMatchObject({ value: null });
  expect(got[0]?.line).toBe('GET /nodes');
});

test('sends query, headers and a JSON body as they were given', async () => {
  const { url, got } = await site(() => ({ status: 201 }));
  await fakeRun(changing).run(request, {
    method: 'POST',
    url: `${url}/items?a=1`,
    query: { name: 'x & y', tag: ['b', 'c'], dry: true, n: 2 },
    headers: { authorization: 'Bearer token' },
    json: { name: 'ü', tags: null },
  });
  expect(got).toMatchObject([
    {
      line: 'POST /items?a=1&name=x+%26+y&tag=b&tag=c&dry=true&n=2',
      headers: { authorization: 'Bearer token', 'content-type': 'application/json' },
      body: '{"name":"ü","tags":null}',
    },
  ]);
});

test('a text body is plain text unless a header says otherwise', async () => {
  const { url, got } = await site();
  await fakeRun(changing).run(request, { method: 'PUT', url, text: 'on' });
  await fakeRun(changing).run(request, { method: 'PUT', url, text: '<a/>', headers: { 'Content-Type': 'text/xml' } });
  expect(got.map(({ headers, body }) => [headers['content-type'], body])).toEqual([
    ['text/plain; charset=utf-8', 'on'],
    ['text/xml', '<a/>'],
  ]);
});

test.for<[string, (number | string)[], number, boolean]>([
  ['a number', [204], 204, true],
  ['another number', [204], 200, false],
  ['a class', ['2xx', 404], 299, true],
  ['a number beside a class', ['2xx', 404], 404, true],
  ['a range', ['200-204'], 204, true],
  ['beyond a range', ['200-204'], 205, false],
])('status: %s', async ([, expectStatus, status, isFine]) => {
  const { url } = await site(() => ({ status, ...(status === 404 ? { body: 'gone' } : {}) }));
  const answer = fakeRun().run(request, { url, expectStatus });
  if (isFine) expect(await answer).toMatchObject({ status });
  else await expect(answer).rejects.toThrow(`answered ${status}, expected ${expectStatus.join(', ')}`);
});

test('an unexpected answer fails with what it said, and without the query', async () => {
  const { url } = await site(() => ({ status: 503, headers: { 'retry-after': '7' }, body: 'down for\n maintenance' }));
  await expect(fakeRun().run(request, { url: `${url}/health?key=s3cret` })).rejects.toThrow(
    `GET ${url}/health answered 503, expected 200 to 299 (Retry-After: 7): down for maintenance`,
  );
});

test('a body over its bound is cut and says so; as JSON it is an error', async () => {
  const { url } = await site(() => ({ body: JSON.stringify('x'.repeat(200_000)) }));
  expect(await fakeRun().run(request, { url, maxBodyBytes: 3 })).toMatchObject({ value: '"xx', isTruncated: true });
  const cut = fakeRun().run(request, { url, maxBodyBytes: 3, parse: 'json' });
  await expect(cut).rejects.toThrow('more than maxBodyBytes');
  await expect(
    fakeRun().run(request, { url: (await site(() => ({ body: '<html>' }))).url, parse: 'json' }),
  ).rejects.toThrow('did not answer with JSON');
});

test('says when no answer came in time', async () => {
  const url = await serve(() => undefined);
  await expect(fakeRun().run(request, { url, timeoutMs: 50 })).rejects.toThrow('got no answer: no answer within 50 ms');
});

test('a paused step is not taken for a service that is down', async () => {
  const stopped = fakeRun();
  const url = await serve((_incoming, response) => {
    stopped.abort.abort(new Error('paused'));
    response.destroy();
  });
  await expect(stopped.run(request, { url })).rejects.toThrow('paused');
});

test('a POST is no read, unless the step says why it only reads', async () => {
  const { url, got } = await site(() => ({ body: '[]' }));
  await expect(fakeRun().run(request, { method: 'POST', url, json: {} })).rejects.toThrow(
    /is no read: give the step effect: change and a target, or, where it only reads, the reason why in `reading`/,
  );
  await expect(fakeRun().run(request, { method: 'DELETE', url })).rejects.toThrow(/is no read/);
  await expect(fakeRun().run(request, { method: 'DELETE', url, reading: 'no' })).rejects.toThrow(/`reading` is for/);
  await expect(fakeRun(changing).run(request, { method: 'POST', url, reading: 'no' })).rejects.toThrow(
    /`reading` is for/,
  );
  expect(got).toEqual([]);
});

test('what its declaration lets through outside a change is POST alone', () => {
  expect(request.reads).toEqual([{ method: 'POST', path: '/', reason: expect.stringContaining('`reading`') }]);
});

test.for<[string, { [name: string]: string | object }, RegExp]>([
  ['a body for a GET', { json: {} }, /cannot have a body/],
  ['two bodies', { method: 'POST', json: {}, text: 'a' }, /one body/],
  ['an address that cannot be parsed', { url: 'http://[s3cret' }, /no valid http or https address/],
  ['a header that cannot be sent', { headers: { 'x-key': 's3cret\n' + 'more' } }, /The header "x-key" is not valid/],
  ['a header twice', { headers: { 'X-Key': 'a', 'x-key': 'b' } }, /given twice/],
])('%s is refused before anything is sent, in words without values', async ([, input, message]) => {
  const { url, got } = await site();
  const running = fakeRun(changing);
  const failure = await running.run(request, { url, ...input }).catch((thrown: unknown) => thrown);
  expect(failure).toBeInstanceOf(PermanentFailure);
  expect(String(failure)).toMatch(message);
  expect(String(failure)).not.toContain('s3cret');
  expect([got, [...running.results]]).toEqual([[], []]);
});

test('a request that changes something is one change of its target, with its answer kept', async () => {
  const { url } = await site(() => ({ status: 201, body: '{"id":7}' }));
  const running = fakeRun(changing);
  const output = await running.run(request, { method: 'POST', url: `${url}/drains?token=s`, json: {}, parse: 'json' });
  expect(output).toMatchObject({ status: 201, value: { id: 7 } });
  expect([...running.results.values()]).toEqual([
    expect.objectContaining({
      ...target,
      verb: 'post',
      outcome: 'done',
      after: { requestSent: `POST ${url}/drains`, digest: expect.stringMatching(/^[0-9a-f]{32}$/) },
      detail: expect.objectContaining({ status: 201, text: '{"id":7}' }),
    }),
  ]);
});

test('a resumed step gives the answer that was recorded and sends nothing', async () => {
  const { url, got } = await site();
  const detail = { status: 201, headers: { etag: '"1"' }, text: '{"id":7}', isTruncated: false, durationMs: 4 };
  const ledger = [{ ...target, verb: 'post', outcome: 'done' as const, detail }];
  expect(await fakeRun({ ...changing, ledger }).run(request, { method: 'POST', url, parse: 'json' })).toEqual({
    status: 201,
    value: { id: 7 },
    headers: { etag: '"1"' },
    isTruncated: false,
    durationMs: 4,
  });
  expect(got).toEqual([]);
});

test('what a person said was done ends the step, its answer marked as not known', async () => {
  const { url, got } = await site();
  const ledger = [{ ...target, verb: 'post', outcome: 'done' as const, detail: { confirmedBy: 'ana' } }];
  const resumed = fakeRun({ ...changing, ledger });
  expect(await resumed.run(request, { method: 'POST', url, parse: 'json' })).toMatchObject({ status: 0, value: null });
  expect(resumed.logs).toEqual([expect.stringContaining('recorded as done without an answer')]);
  expect(got).toEqual([]);
});

test('an answer too long for the ledger is not made up for when the step is resumed', async () => {
  const { url, got } = await site(() => ({ body: 'x'.repeat(70_000) }));
  const first = fakeRun(changing);
  expect(await first.run(request, { method: 'POST', url })).toMatchObject({ status: 200 });
  const resumed = fakeRun({ ...changing, ledger: [...first.results.values()] }).run(request, { method: 'POST', url });
  await expect(resumed).rejects.toThrow(/more than the ledger keeps/);
  expect(got).toHaveLength(1);
});

test('a 4xx did not happen; trying again helps only where it was refused for now', async () => {
  for (const [status, isPermanent] of [
    [422, true],
    [429, false],
  ] as const) {
    const { url } = await site(() => ({ status, body: 'no' }));
    const running = fakeRun(changing);
    const failure = await running.run(request, { method: 'POST', url }).catch((thrown: unknown) => thrown);
    expect(failure instanceof PermanentFailure).toBe(isPermanent);
    expect(String(failure)).toMatch(`had no effect on node web-1 (failed): POST ${url}/ answered ${status}`);
    expect([...running.results.values()]).toMatchObject([{ outcome: 'failed' }]);
  }
});

test('a connection that was never made did not happen', async () => {
  const running = fakeRun(changing);
  const url = await urlOfNobody();
  await expect(running.run(request, { method: 'POST', url })).rejects.toThrow(/had no effect .* ECONNREFUSED/);
  expect([...running.results.values()]).toMatchObject([{ outcome: 'failed' }]);
});

test.for<[string, Reply]>([
  ['a 500', { status: 500, body: 'oops' }],
  ['a 303 that was not expected', { status: 303, headers: { location: '/done' } }],
  ['another success than the one expected', { status: 202 }],
])('%s leaves it unknown', async ([, reply]) => {
  const { url, got } = await site(() => reply);
  const running = fakeRun(changing);
  await expect(running.run(request, { method: 'POST', url, expectStatus: [201] })).rejects.toThrow(
    `It is not known whether POST ${url}/ had its effect on node web-1`,
  );
  expect([...running.results.values()]).toMatchObject([{ outcome: 'unknown' }]);
  expect(got).toHaveLength(1);
});

test('a redirect of a POST is not followed, and may be what is expected', async () => {
  const { url, got } = await site(() => ({ status: 303, headers: { location: '/done' } }));
  expect(await fakeRun(changing).run(request, { method: 'POST', url, expectStatus: [303] })).toMatchObject({
    status: 303,
    headers: { location: '/done' },
  });
  expect(got.map(({ line }) => line)).toEqual(['POST /']);
});

test('a body that breaks off leaves a change unknown: its answer is lost', async () => {
  const url = await serve((_incoming, response) => {
    response.writeHead(200, { 'content-length': '100' }).write('half');
    setImmediate(() => response.destroy());
  });
  const running = fakeRun(changing);
  await expect(running.run(request, { method: 'POST', url })).rejects.toThrow(/answered 200, but its body broke off/);
  expect([...running.results.values()]).toMatchObject([{ outcome: 'unknown' }]);
});

test.for<[string, { [name: string]: string | boolean | object }, boolean]>([
  ['a POST', { method: 'POST' }, false],
  ['a PATCH', { method: 'PATCH' }, false],
  ['a GET of a step that changes something', { method: 'GET' }, false],
  ['a PUT', { method: 'PUT' }, true],
  ['a DELETE', { method: 'DELETE' }, true],
  ['a POST with an idempotency key', { method: 'POST', idempotencyKey: {} }, true],
  ['a POST that says it is idempotent', { method: 'POST', idempotent: true }, true],
  ['a PUT that says it is not', { method: 'PUT', idempotent: false }, false],
])('%s whose answer was lost is repeated only where that does no harm', async ([, input, isRepeated]) => {
  const lost = await siteThatLosesAnswers();
  const first = fakeRun(changing);
  await expect(first.run(request, { url: lost.url, ...input })).rejects.toThrow('not known whether');
  const { url, got } = await site();
  const second = fakeRun({ ...changing, ledger: [...first.results.values()] }).run(request, { url, ...input });
  if (isRepeated) expect(await second).toMatchObject({ status: 200 });
  else await expect(second).rejects.toBeInstanceOf(Paused);
  expect(got).toHaveLength(isRepeated ? 1 : 0);
});

test('an idempotency key is made from run and step, the same in each attempt, or is the one given', async () => {
  const { url, got } = await site();
  const post = { method: 'POST', url };
  await fakeRun(changing).run(request, { ...post, idempotencyKey: {} });
  await fakeRun(changing).run(request, { ...post, idempotencyKey: {} });
  await fakeRun(changing).run(request, { ...post, idempotencyKey: { header: 'X-Request-Id', value: 'inc-7' } });
  const [first, second, third] = got.map(({ headers }) => headers);
  expect(first?.['idempotency-key']).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(second?.['idempotency-key']).toBe(first?.['idempotency-key']);
  expect(third).toMatchObject({ 'x-request-id': 'inc-7' });
  const other = fakeRun(changing);
  await other.run(
    {
      ...request,
      run: (input, ctx) => request.run(input, { ...ctx, run: { ...ctx.run, step: 'each[1]/step' }, effect: 'change' }),
    },
    { ...post, idempotencyKey: {} },
  );
  expect(got[3]?.headers['idempotency-key']).not.toBe(first?.['idempotency-key']);
});

test('an idempotency key is another one for another request, and for the same one after an undo', () => {
  const run = { id: 'run_1', step: 'send', round: 0, redo: 0 };
  const sent = { method: 'POST', url: 'https://api.example.org/items', body: '{"replicas":2}' } as const;
  const keys = [
    stepIdempotencyKey(run, sent),
    stepIdempotencyKey(run, { ...sent, body: '{"replicas":3}' }),
    stepIdempotencyKey(run, { ...sent, url: `${sent.url}?a=1` }),
    stepIdempotencyKey(run, { ...sent, method: 'PUT' }),
    stepIdempotencyKey({ ...run, round: 1 }, sent),
    stepIdempotencyKey({ ...run, redo: 1 }, sent),
  ];
  expect(new Set(keys).size).toBe(keys.length);
  expect(stepIdempotencyKey({ ...run }, { ...sent })).toBe(keys[0]);
});

test('a plan sends nothing', async () => {
  const { url, got } = await site();
  const planned = fakeRun({ ...changing, planning: true });
  expect(await planned.run(request, { method: 'DELETE', url })).toMatchObject({ status: 0, value: null });
  expect([...planned.results.values()]).toMatchObject([{ ...target, verb: 'delete', outcome: 'planned' }]);
  expect(got).toEqual([]);
});

test('a protected target is not touched, and says why', async () => {
  const { url, got } = await site();
  const running = fakeRun({ ...changing, protectedIds: ['web-1'] });
  await expect(running.run(request, { method: 'DELETE', url })).rejects.toThrow(/had no effect .* \(protected\)/);
  expect(got).toEqual([]);
});

test.for<[string, { [name: string]: string | number | string[] }]>([
  ['an address that is no http URL', { url: 'file:///etc/passwd' }],
  ['a status that is none', { url: 'http://x', expectStatus: ['20x'] }],
  ['a longer wait than the gate allows', { url: 'http://x', timeoutMs: 60_000 }],
  ['an unknown method', { url: 'http://x', method: 'TRACE' }],
])('its input schema refuses %s', async ([, input]) => {
  await expect(fakeRun().run(request, input)).rejects.toThrow(/input/);
});
