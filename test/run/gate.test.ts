import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ChangeRefused } from '../../engine/action.ts';
import { gatedFetch, type Passage, withPassage } from '../../engine/run/gate.ts';

type Handler = (request: IncomingMessage, response: ServerResponse) => void;

interface Site {
  readonly url: string;
  readonly port: number;
  readonly received: string[];
  readonly headers: IncomingMessage['headers'][];
}

const plainFetch = globalThis.fetch;
const gated = gatedFetch((input, init) => plainFetch(input, init));
let servers: Server[];
let refusals: ChangeRefused[];
let sent: number;
beforeEach(() => {
  servers = [];
  refusals = [];
  sent = 0;
});
afterEach(async () => {
  for (const server of servers) {
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }
});

/** A site on this machine, on every address of it: 0.0.0.0 reaches it too, and is no loopback address by name. */
async function openSite(handler: Handler): Promise<Site> {
  const received: string[] = [];
  const headers: IncomingMessage['headers'][] = [];
  const server = createServer((request, response) => {
    received.push(`${request.method} ${request.url}`);
    headers.push(request.headers);
    handler(request, response);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, port, received, headers };
}

/** Redirects every path but /end. */
function redirects(to: string | ((path: string) => string), status = 302): Handler {
  return (request, response) => {
    const path = request.url ?? '';
    if (path.startsWith('/end')) return response.end('the end');
    return response.writeHead(status, { location: typeof to === 'string' ? to : to(path) }).end('elsewhere');
  };
}
const answers: Handler = (_request, response) => response.end('here');

function passage(more: Partial<Passage> = {}): Passage {
  return {
    allows: () => 'reads',
    signal: new AbortController().signal,
    requestTimeoutMs: 10_000,
    reads: [],
    isLoopbackOnly: false,
    onSent: () => {
      sent++;
    },
    onRefused: (refusal) => refusals.push(refusal),
    proveLease: async () => undefined,
    ...more,
  };
}

function send(
  input: Parameters<typeof fetch>[0],
  init?: RequestInit,
  more: Partial<Passage> = {},
): ReturnType<typeof fetch> {
  return withPassage(passage(more), () => gated(input, init));
}
const changing: Partial<Passage> = { allows: () => 'changes' };

test('a read follows redirects, and its answer says where it came from', async () => {
  const site = await openSite(redirects((path) => (path === '/a/start' ? '../b' : '/end?x=1')));
  const response = await send(`${site.url}/a/start`);
  expect(await response.text()).toBe('the end');
  expect(response).toMatchObject({ status: 200, redirected: true, url: `${site.url}/end?x=1` });
  expect(site.received).toEqual(['GET /a/start', 'GET /b', 'GET /end?x=1']);
});

test('a read that meets no redirect is not said to be redirected', async () => {
  const site = await openSite(answers);
  expect(await send(site.url)).toMatchObject({ redirected: false, url: `${site.url}/` });
});

test.for([301, 302, 303, 307, 308])('a HEAD stays one over a %i', async (status) => {
  const site = await openSite(redirects('/end', status));
  expect((await send(site.url, { method: 'HEAD' })).status).toBe(200);
  expect(site.received).toEqual(['HEAD /', 'HEAD /end']);
});

test('an address of letters beyond ASCII is followed as the server wrote it', async () => {
  const site = await openSite(redirects(Buffer.from('/end/é', 'utf8').toString('latin1')));
  await send(site.url);
  expect(site.received).toEqual(['GET /', 'GET /end/%C3%A9']);
});

test('a redirect without an address is the answer itself', async () => {
  const site = await openSite((_request, response) => response.writeHead(302).end('nowhere'));
  const response = await send(site.url);
  expect(response.status).toBe(302);
  expect(await response.text()).toBe('nowhere');
});

test('in a drill a redirect off this machine is refused before it is followed', async () => {
  const outside = await openSite(answers);
  const site = await openSite(redirects(`http://0.0.0.0:${outside.port}/out?token=abc`));
  const answer = send(site.url, {}, { isLoopbackOnly: true });
  await expect(answer).rejects.toThrow(
    `GET http://0.0.0.0:${outside.port}/out was not sent: this is a drill, which reaches nothing but this machine`,
  );
  expect(refusals).toHaveLength(1);
  expect(outside.received).toEqual([]);
});

test('a redirect that answers after the step has ended is not followed', async () => {
  let allowed: 'reads' | 'closed' = 'reads';
  const site = await openSite((request, response) => {
    allowed = 'closed';
    redirects('/end')(request, response);
  });
  await expect(send(site.url, {}, { allows: () => allowed })).rejects.toThrow('its step has ended');
  expect(site.received).toEqual(['GET /']);
});

test('at most ten redirects are followed', async () => {
  const hops = (left: string): string => (Number(left) <= 1 ? '/end' : `/${Number(left) - 1}`);
  const site = await openSite(redirects((path) => hops(path.slice(1))));
  expect((await send(`${site.url}/10`)).status).toBe(200);
  site.received.length = 0;
  await expect(send(`${site.url}/11`)).rejects.toThrow('more than 10 redirects');
  expect(site.received).toHaveLength(11);
});

test.for(['ftp://127.0.0.1/file', 'http://', 'data:text/plain,hello'])(
  'a redirect to %s is an error',
  async (location) => {
    const site = await openSite(redirects(location));
    await expect(send(site.url)).rejects.toThrow(`GET ${site.url}/ was redirected to an address that is no`);
  },
);

test('credentials of the caller stay with the origin they were meant for', async () => {
  const other = await openSite(redirects('/end'));
  const site = await openSite(redirects((path) => (path === '/' ? '/second' : `${other.url}/third`)));
  const headers = { authorization: 'Bearer x', cookie: 'a=b', 'proxy-authorization': 'Basic x', 'x-kept': 'yes' };
  await send(site.url, { headers });
  expect(site.headers).toMatchObject([headers, headers]);
  for (const got of other.headers) {
    expect(got).toMatchObject({ 'x-kept': 'yes' });
    expect(Object.keys(got)).not.toEqual(expect.arrayContaining(['authorization']));
    expect(Object.keys(got)).not.toEqual(expect.arrayContaining(['cookie']));
    expect(Object.keys(got)).not.toEqual(expect.arrayContaining(['proxy-authorization']));
  }
  expect(other.received).toEqual(['GET /third', 'GET /end']);
});

test('a Request is followed with its own headers', async () => {
  const site = await openSite(redirects('/end'));
  const response = await send(new Request(site.url, { headers: { authorization: 'Bearer x' } }));
  expect(await response.text()).toBe('the end');
  expect(site.headers).toMatchObject([{ authorization: 'Bearer x' }, { authorization: 'Bearer x' }]);
});

test.for(['manual', 'error'] as const)('a caller that asks for redirect: %s gets just that', async (redirect) => {
  const site = await openSite(redirects('/end'));
  for (const answer of [send(site.url, { redirect }), send(new Request(site.url, { redirect }))]) {
    if (redirect === 'error') await expect(answer).rejects.toThrow('fetch failed');
    else expect((await answer).headers.get('location')).toBe('/end');
  }
  expect(site.received).toEqual(['GET /', 'GET /']);
});

test.for([301, 302, 303, 307, 308])('a POST that is answered %i is not sent anywhere else', async (status) => {
  const other = await openSite(answers);
  const site = await openSite(redirects(`${other.url}/end`, status));
  const response = await send(site.url, { method: 'POST', body: 'secret' }, changing);
  expect(response.status).toBe(status);
  expect(response.headers.get('location')).toBe(`${other.url}/end`);
  expect([site.received, other.received, sent]).toEqual([['POST /'], [], 1]);
});

test('a declared reading POST is not sent on by a redirect either', async () => {
  const site = await openSite(redirects('/end', 307));
  const reads = [{ method: 'POST', path: '/search' }];
  expect((await send(`${site.url}/search`, { method: 'POST', body: 'q' }, { reads })).status).toBe(307);
  expect(site.received).toEqual(['POST /search']);
});

test('a request that never answers ends with the signal of its Request', async () => {
  const abort = new AbortController();
  const site = await openSite(() => abort.abort(new Error('the caller gave up')));
  await expect(send(new Request(site.url, { signal: abort.signal }))).rejects.toThrow('the caller gave up');
});

test('a request that never answers ends with the signal of its options, which stands over that of its Request', async () => {
  const abort = new AbortController();
  const site = await openSite(() => abort.abort(new Error('the caller gave up')));
  const request = new Request(site.url, { signal: AbortSignal.abort(new Error('not this one')) });
  await expect(send(request, { signal: abort.signal })).rejects.toThrow('the caller gave up');
});

test('a Request with a signal of its own still ends when the step is stopped', async () => {
  const stop = new AbortController();
  const site = await openSite(() => stop.abort(new Error('the step was stopped')));
  const request = new Request(site.url, { signal: new AbortController().signal });
  await expect(send(request, {}, { signal: stop.signal })).rejects.toThrow('the step was stopped');
});

test('a read of a step that was stopped does not leave', async () => {
  const site = await openSite(answers);
  const signal = AbortSignal.abort(new Error('paused'));
  await expect(send(site.url, {}, { signal })).rejects.toThrow('paused');
  expect(site.received).toEqual([]);
});

test('a late request of a step that was stopped and has ended is told of the end', async () => {
  const signal = AbortSignal.abort(new Error('paused'));
  await expect(send('http://127.0.0.1/', {}, { signal, allows: () => 'closed' })).rejects.toThrow('its step has ended');
});

test('a change does not leave where its step ended while the lease was being proved', async () => {
  const site = await openSite(answers);
  let allowed: 'changes' | 'closed' = 'changes';
  const proveLease = async (): Promise<void> => {
    allowed = 'closed';
  };
  await expect(send(site.url, { method: 'POST' }, { allows: () => allowed, proveLease })).rejects.toThrow(
    'its step has ended',
  );
  expect([site.received, sent]).toEqual([[], 0]);
});

test('what is sent is what was checked, though the caller alters it meanwhile', async () => {
  const site = await openSite(answers);
  const url = new URL(`${site.url}/checked`);
  const init: RequestInit = { method: 'POST' };
  const proveLease = async (): Promise<void> => {
    url.pathname = '/altered';
    init.method = 'DELETE';
  };
  await send(url, init, { ...changing, proveLease });
  expect(site.received).toEqual(['POST /checked']);
});

test('headers that can be read once and options that are a Request are sent as they are', async () => {
  const bodies: string[] = [];
  const site = await openSite(async (request, response) => {
    for await (const chunk of request) bodies.push(String(chunk));
    response.end();
  });
  // fetch takes any iterable of pairs; its types name fewer.
  await send(site.url, { headers: new Map([['x-once', 'yes']]).entries() as unknown as Headers });
  await send(site.url, new Request(site.url, { method: 'POST', body: 'text', headers: { 'x-own': 'yes' } }), changing);
  expect(site.received).toEqual(['GET /', 'POST /']);
  expect(site.headers).toMatchObject([{ 'x-once': 'yes' }, { 'x-own': 'yes' }]);
  expect(bodies).toEqual(['text']);
});

test('no error tells the credentials or the query of an address', async () => {
  const site = await openSite(redirects('http://ana:pass@127.0.0.1/?token=abc'));
  const errors = await Promise.all([
    send('http://ana:pass@0.0.0.0/x?token=abc', {}, { isLoopbackOnly: true }).catch(String),
    send('http://127.0.0.1/x?token=abc', { method: 'POST' }).catch(String),
    send('http://ana:pass@127.0.0.1/x?token=abc').catch(String),
    send('http://ana:pass@127.0.0.1:port/x?token=abc').catch((error: unknown) => JSON.stringify(error) + String(error)),
    send(site.url).catch(String),
  ]);
  expect(errors).toEqual([
    'ChangeRefused: GET http://0.0.0.0/x was not sent: this is a drill, which reaches nothing but this machine',
    'ChangeRefused: POST http://127.0.0.1/x was not sent: outside ctx.change and ctx.changes only reads leave, so that every effect is in the ledger',
    'ChangeRefused: GET http://127.0.0.1/x was not sent: its address holds a name or password; give them in a header',
    '{}TypeError: the address of a request is not a valid absolute URL',
    `TypeError: GET ${site.url}/ was redirected to an address that is no plain http or https URL`,
  ]);
});

test.for([
  ['/search/', '/search/users', true],
  ['/search/', '/search/users/deep?q=1', true],
  ['/search/', '/search', false],
  ['/search/', '/searching', false],
  ['/search', '/search', true],
  ['/search', '/search?q=1', true],
  ['/search', '/searching', false],
  ['/search', '/search/users', false],
  ['/search/', '/search/../ban', false],
  ['/search/', '/search/%2e%2e/ban', false],
  ['/search/', '/search/..%2Fban', false],
  ['/search/', '/search/..%5cban', false],
  ['', '/ban', false],
] as const)('a reading POST declared for "%s" lets %s pass: %s', async ([declared, path, isLetThrough]) => {
  const site = await openSite(answers);
  const answer = send(`${site.url}${path}`, { method: 'POST' }, { reads: [{ method: 'post', path: declared }] });
  if (isLetThrough) expect((await answer).status).toBe(200);
  else await expect(answer).rejects.toBeInstanceOf(ChangeRefused);
  expect(site.received).toHaveLength(isLetThrough ? 1 : 0);
});

test('outside an action nothing is gated', async () => {
  const site = await openSite(redirects('/end', 307));
  expect((await gated(site.url, { method: 'POST', body: 'x' })).redirected).toBe(true);
});
