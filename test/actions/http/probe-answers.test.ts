// What http.probe expects of an answer beyond its status: redirects, headers, text and JSON of the body.
import type { RequestListener } from 'node:http';
import { expect, test } from 'vitest';
import probe from '../../../actions/http/probe.ts';
import type { JsonObject } from '../../../engine/json.ts';
import { startAppWorld } from '../../drill/services/app-world.ts';
import { fakeRun } from '../fake-context.ts';
import { serve } from '../local-server.ts';

const ask = (input: JsonObject): Promise<JsonObject> => fakeRun().run(probe, input);

/** A site of redirects: path to where it leads; anything else answers 200 with its path. */
function site(redirects: { readonly [path: string]: string }): Promise<string> {
  return serve((request, response) => {
    const to = redirects[request.url ?? ''];
    if (to === undefined) response.end(`at ${request.url}`);
    else response.writeHead(302, { location: to }).end();
  });
}

test('follows as many redirects as it is told, and lists them without their queries', async () => {
  const url = await site({ '/': '/a?token=1', '/a?token=1': '/b' });
  expect(await ask({ url, follow: 2, leadsTo: '/b', bodyIncludes: 'at /b' })).toMatchObject({
    ok: true,
    status: 200,
    redirects: [
      { status: 302, to: `${url}/a` },
      { status: 302, to: `${url}/b` },
    ],
    summary: expect.stringContaining('after 2 redirects'),
  });
  expect(await ask({ url, follow: 1 })).toMatchObject({
    ok: false,
    failure: 'redirect',
    status: 302,
    error: `redirects more than 1 times, at last to ${url}/b`,
  });
});

test('a redirect loop is seen at once', async () => {
  let asked = 0;
  const url = await serve((_request, response) => {
    asked++;
    response.writeHead(307, { location: '/' }).end();
  });
  expect(await ask({ url: `${url}/`, follow: 10 })).toMatchObject({
    ok: false,
    failure: 'redirect',
    error: `redirects in a loop: ${url}/ leads back to ${url}/`,
  });
  expect(asked).toBe(1);
});

test.for<[string, string, boolean, string | undefined]>([
  ['where it should', '/sign-in?redirect_url=%2F', true, undefined],
  ['elsewhere', '/maintenance', false, 'leads to URL/maintenance, expected /sign-in'],
])('a protected page that redirects %s', async ([, to, ok, error]) => {
  const url = await site({ '/': to });
  const result = await ask({ url, leadsTo: '/sign-in' });
  expect(result).toMatchObject({ ok, status: 302 });
  expect(result.error).toBe(error?.replace('URL', url));
});

test('a page that should redirect and does not is not ok: it is open to everybody', async () => {
  const url = await site({});
  expect(await ask({ url, leadsTo: '/sign-in' })).toMatchObject({ ok: false, status: 200, failure: 'status' });
  expect(await ask({ url, leadsTo: '/sign-in', expectStatus: ['2xx', '3xx'] })).toMatchObject({
    ok: false,
    failure: 'redirect',
    error: 'answered 200 without a redirect, expected one to /sign-in',
  });
});

test('headers go to the first origin alone, for they may be secret', async () => {
  let got: string | undefined = 'not asked';
  const other = await serve((request, response) => {
    got = request.headers['x-token']?.toString();
    response.end();
  });
  const url = await site({ '/': `${other}/`, '/same': '/' });
  expect(await ask({ url: `${url}/same`, headers: { 'x-token': 's3cret' }, follow: 2 })).toMatchObject({ ok: true });
  expect(got).toBeUndefined();
});

test('a redirect to what is no web address is told', async () => {
  const url = await site({ '/': 'javascript:alert(1)' });
  expect(await ask({ url, follow: 1 })).toMatchObject({
    failure: 'redirect',
    error: 'answered 302 to what is no plain http or https address',
  });
});

test.for<[string, JsonObject, string | undefined]>([
  ['text, in any case', { 'Content-Type': 'APPLICATION/json' }, undefined],
  ['any value', { 'x-request-id': '' }, undefined],
  ['one that must not be there', { 'x-emergency-bypass': null }, 'has a header x-emergency-bypass, expected none'],
  ['one that is not there', { etag: '' }, 'has no header etag'],
  ['another value', { 'content-type': 'text/html' }, 'the header content-type does not hold "text/html"'],
])('expects of headers: %s', async ([, expectHeaders, error]) => {
  const headers = { 'content-type': 'application/json', 'x-request-id': '7', 'x-emergency-bypass': '1' };
  const url = await serve((_request, response) => response.writeHead(200, headers).end());
  const result = await ask({ url, expectHeaders, method: 'HEAD' });
  expect(result.failure).toBe(error === undefined ? 'none' : 'header');
  expect(result.error).toBe(error);
});

test('keeps the headers that are asked for', async () => {
  const headers = { 'x-version': '42', 'set-cookie': 'a=b', 'retry-after': '7' };
  const url = await serve((_request, response) => response.writeHead(503, headers).end());
  const { headers: kept } = await ask({ url, keepHeaders: ['X-Version'] });
  expect(kept).toEqual({ 'x-version': '42', 'retry-after': '7' });
});

const json =
  (body: JsonObject, status = 200): RequestListener =>
  (_request, response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
const HEALTH: JsonObject = { status: 'ok', 'a/b': { '~': 1 }, checks: [{ name: 'db', up: true }, null] };

test.for<[string, JsonObject, string | undefined]>([
  ['/checks/0/up', { '/checks/0/up': true }, undefined],
  ['an escaped name', { '/a~1b/~0': 1 }, undefined],
  ['null', { '/checks/1': null }, undefined],
  ['part of an object', { '/checks/0': { up: true } }, undefined],
  ['the whole', { '': { status: 'ok' } }, undefined],
  ['another value', { '/status': 'degraded' }, '/status of the body is "ok", expected "degraded"'],
  ['nothing', { '/checks/2': true }, '/checks/2 of the body is not there, expected true'],
  ['no index', { '/checks/01': null }, '/checks/01 of the body is not there, expected null'],
  ['a name of every object', { '/toString': null }, '/toString of the body is not there, expected null'],
])('looks at a place of a JSON body: %s', async ([, jsonAt, error]) => {
  const url = await serve(json(HEALTH));
  const result = await ask({ url, jsonAt });
  expect(result.error).toBe(error);
  expect(result.failure).toBe(error === undefined ? 'none' : 'body');
});

test('picks values out of a body that is not ok too, and says how that begins', async () => {
  const url = await serve(json({ status: 'unhealthy', clerk: 401, long: 'x'.repeat(5000) }, 503));
  const pick = { clerk: '/clerk', all: '', absent: '/no' };
  expect(await ask({ url, pick })).toMatchObject({
    ok: false,
    failure: 'status',
    status: 503,
    picked: { clerk: 401 },
    said: expect.stringMatching(/^\{"status":"unhealthy","clerk":401,"long":"x+$/),
    summary: expect.stringContaining('answered 503, expected 200 to 299: {"status":"unhealthy"'),
  });
  const { picked, said } = await ask({ url, pick });
  expect(Object.keys(picked as JsonObject)).toEqual(['clerk']);
  expect(String(said)).toHaveLength(300);
});

test('a body matches a regular expression, or does not', async () => {
  const url = await serve(json({ status: 'healthy' }));
  expect(await ask({ url, bodyMatches: '"status":\\s*"(ok|healthy)"' })).toMatchObject({ ok: true });
  expect(await ask({ url, bodyMatches: '^\\[' })).toMatchObject({
    failure: 'body',
    error: 'the body does not match /^\\[/',
  });
});

test('a regular expression that would never end is cut, and nothing is called a match', async () => {
  const url = await serve((_request, response) => response.end(`${'a'.repeat(50)}!`));
  expect(await ask({ url, bodyMatches: '^(a+)+$' })).toMatchObject({
    ok: false,
    failure: 'body',
    error: '/^(a+)+$/ takes too long on this body: nothing is known. Write it simpler',
  });
});

test.for<[string, JsonObject, RegExp]>([
  ['a pattern that is none', { bodyMatches: '(' }, /`bodyMatches` is no regular expression/],
  ['a body of HEAD', { method: 'HEAD', bodyIncludes: 'x' }, /HEAD .* has no body to expect.*use method GET/],
  ['a pick of HEAD', { method: 'HEAD', pick: { a: '/a' } }, /has no body/],
  ['a pointer that is none', { pick: { a: 'a' } }, /input.*pattern/],
  ['a header that is none', { headers: { 'a b': 'c' } }, /header/],
])('refuses before it asks: %s', async ([, input, reason]) => {
  await expect(ask({ url: 'http://127.0.0.1:1/', ...input })).rejects.toThrow(reason);
});

test('waits as long between tries as it is told', async () => {
  const run = fakeRun();
  const before = run.ctx.now();
  const url = await serve((_request, response) => response.writeHead(503).end());
  expect(await run.run(probe, { url, tries: 3, pauseMs: 20 })).toMatchObject({ ok: false, attempts: 3 });
  expect(run.ctx.now() - before).toBe(40);
});

test("the seed's curl -I of the app's health endpoint, and why it is not well", async () => {
  const world = await startAppWorld({
    app: { tokens: 'jwks', bad: { live: true, variables: { CLERK_SECRET_KEY: 'sk_live_ofanotherinstance0123' } } },
    services: { vercel: {} },
  });
  const url = `${world.env.APP_URL}/api/health/clerk`;
  expect(await ask({ url, method: 'HEAD' })).toMatchObject({ ok: false, status: 503, failure: 'status' });
  expect(await ask({ url, pick: { clerk: '/clerk' } })).toMatchObject({
    ok: false,
    picked: { clerk: 401 },
    said: expect.stringContaining('"clerk":401'),
  });
});
