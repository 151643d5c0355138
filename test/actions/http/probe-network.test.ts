// Where no answer comes, http.probe says why: no name, nobody listening, no trust, too late, broken off.
import { readFileSync } from 'node:fs';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer } from 'node:net';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { networkFaultOf } from '../../../actions/http/network.ts';
import probe from '../../../actions/http/probe.ts';
import type { JsonObject } from '../../../engine/json.ts';
import { FakeClock, fakeRun } from '../fake-context.ts';
import { serve, urlOfNobody } from '../local-server.ts';

const pem = (name: string): string => readFileSync(new URL(`../../fixtures/tls/${name}.pem`, import.meta.url), 'utf8');

const trusted = getCACertificates();
beforeAll(() => setDefaultCACertificates([...trusted, pem('ca')]));
afterAll(() => setDefaultCACertificates(trusted));

async function serveTls(name: 'valid' | 'expired' | 'other-name', status = 200): Promise<number> {
  const server = createTlsServer({ key: pem(name), cert: pem(name) }, (_request, response) =>
    response.writeHead(status).end(),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  // A TCP server that listens has an AddressInfo.
  return (server.address() as AddressInfo).port;
}

/** Takes connections and does with each what it is told. */
async function serveSockets(how: 'destroy' | 'talk'): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    if (how === 'destroy') socket.once('data', () => socket.resetAndDestroy());
    else socket.end('SSH-2.0-OpenSSH_9.6\r\n');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const ask = (input: JsonObject): Promise<JsonObject> => fakeRun().run(probe, input);

test('nobody listens', async () => {
  expect(await ask({ url: await urlOfNobody() })).toMatchObject({
    ok: false,
    status: 0,
    failure: 'refused',
    summary: expect.stringMatching(/^GET http.*ECONNREFUSED/),
  });
});

test('a name that does not exist', async () => {
  // RFC 6761: names under .invalid have no address, whoever is asked.
  expect(await ask({ url: 'http://nowhere.invalid/' })).toMatchObject({ ok: false, status: 0, failure: 'dns' });
});

test('no answer in time, and a body that never ends', async () => {
  const silent = await serve(() => undefined);
  expect(await ask({ url: silent, timeoutMs: 40 })).toMatchObject({ status: 0, failure: 'timeout' });
  const endless = await serve((_request, response) => void response.write('x'));
  expect(await ask({ url: endless, timeoutMs: 200, bodyIncludes: 'y' })).toMatchObject({
    ok: false,
    status: 200,
    failure: 'timeout',
  });
});

test('a connection that breaks off, and one that does not speak HTTP', async () => {
  expect(await ask({ url: await serveSockets('destroy') })).toMatchObject({ status: 0, failure: 'reset' });
  expect(await ask({ url: await serveSockets('talk') })).toMatchObject({ ok: false, status: 0, failure: 'other' });
});

test('a certificate that is trusted, with the days it has left', async () => {
  const url = `https://localhost:${await serveTls('valid')}/`;
  const result = await ask({ url, certificate: {} });
  expect(result).toMatchObject({
    ok: true,
    failure: 'none',
    certificate: {
      validTo: '2099-12-31T00:00:00.000Z',
      subject: 'localhost',
      issuer: 'Runbook tests, Test CA',
      isTrusted: true,
    },
    warnings: [],
  });
});

test.for<[string, JsonObject, number, JsonObject]>([
  ['is warned of two weeks before', {}, 13, { ok: true, warnings: [expect.stringMatching(/ends in 13 days/)] }],
  ['is not warned of before that', {}, 14, { ok: true, warnings: [] }],
  ['is warned of as early as one likes', { warnDays: 30 }, 29, { ok: true, warnings: [expect.any(String)] }],
  [
    'is not ok with fewer days than wanted',
    { minDays: 7 },
    6,
    { ok: false, failure: 'certificate', error: expect.stringMatching(/ends in 6 days .*, expected at least 7/) },
  ],
])('a certificate that will end %s', async ([, certificate, daysLeft, expected]) => {
  const url = `https://localhost:${await serveTls('valid')}/`;
  const clock = new FakeClock();
  clock.nowMs = Date.UTC(2099, 11, 31) - daysLeft * 86_400_000;
  expect(await fakeRun({}, clock).run(probe, { url, certificate })).toMatchObject(expected);
});

test('one that has ended is a failure of TLS, and the certificate tells since when', async () => {
  const url = `https://localhost:${await serveTls('expired')}/`;
  const result = await ask({ url });
  expect(result).toMatchObject({
    ok: false,
    status: 0,
    failure: 'tls',
    error: expect.stringContaining('CERT_HAS_EXPIRED'),
    certificate: { validTo: '2020-01-01T00:00:00.000Z', isTrusted: false, problem: 'CERT_HAS_EXPIRED' },
  });
  expect((result.certificate as JsonObject).daysLeft).toBeLessThan(0);
});

test('one for another name is a failure of TLS', async () => {
  const url = `https://localhost:${await serveTls('other-name')}/`;
  expect(await ask({ url })).toMatchObject({
    ok: false,
    failure: 'tls',
    certificate: { subject: 'shop.example', isTrusted: false, problem: 'ERR_TLS_CERT_ALTNAME_INVALID' },
  });
});

test('an answer that is not ok stays the reason, whatever its certificate', async () => {
  const url = `https://localhost:${await serveTls('valid', 503)}/`;
  expect(await ask({ url, certificate: { minDays: 99_999 } })).toMatchObject({
    failure: 'status',
    certificate: { isTrusted: true },
  });
});

test('of an http address there is no certificate, which is a warning', async () => {
  const url = await serve((_request, response) => response.end());
  expect(await ask({ url, certificate: { minDays: 7 } })).toMatchObject({
    ok: true,
    warnings: ['An http address has no certificate to look at'],
  });
});

test.for<[string, string]>([
  ['EAI_AGAIN', 'dns'],
  ['ENETUNREACH', 'unreachable'],
  ['UND_ERR_CONNECT_TIMEOUT', 'timeout'],
  ['UND_ERR_SOCKET', 'reset'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls'],
  ['HPE_INVALID_CONSTANT', 'other'],
])('tells %s as %s, also of a host with several addresses', ([code, fault]) => {
  const cause = Object.assign(new Error('x'), { code });
  expect(networkFaultOf(new TypeError('fetch failed', { cause }))).toBe(fault);
  expect(networkFaultOf(new TypeError('fetch failed', { cause: new AggregateError([cause, cause]) }))).toBe(fault);
});
