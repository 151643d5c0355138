// env.check with `compare`: what Clerk says of keys, and what it does not say.
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { expect, test } from 'vitest';
import envCheck from '../../../actions/env/check.ts';
import type { JsonObject } from '../../../engine/action.ts';
import { startTestWorld } from '../../drill/helpers.ts';
import { fakeRun } from '../fake-context.ts';
import { serve, urlOfNobody } from '../local-server.ts';

const SECRET = 'sk_live_abcdefghijklmnopqrstuvwxyz';
const PUBLISHABLE = `pk_live_${Buffer.from('clerk.example.com$').toString('base64')}`;
const own = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
const other = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey;
const pem = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }).toString();
const keySet = (key: KeyObject, kid: string): JsonObject => ({
  keys: [{ ...(key.export({ format: 'jwk' }) as JsonObject), kid }],
});

type Answers = { readonly [path: string]: { readonly status: number; readonly body: JsonObject | string } };

const GOOD: Answers = {
  '/v1/instance': { status: 200, body: { object: 'instance', id: 'ins_1', environment_type: 'production' } },
  '/v1/jwks': { status: 200, body: keySet(own, 'ins_1') },
  '/.well-known/jwks.json': { status: 200, body: keySet(own, 'ins_1') },
};

async function compared(answers: Answers, env: { readonly [name: string]: string }) {
  const asked: string[] = [];
  const url = await serve(({ url: path = '', headers, method }, response) => {
    asked.push(`${method} ${path} ${headers.authorization === undefined ? 'open' : 'with the key'}`);
    const { status, body } = answers[path] ?? { status: 404, body: {} };
    response.writeHead(status, { 'Content-Type': 'application/json' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  const checking = fakeRun({ env: { ...env, CLERK_API_URL: url } });
  const variables = Object.keys(env).map((name) => ({ name }));
  const output = await checking.run(envCheck, { variables, compare: true, frontendApiUrl: `${url}/` });
  const said = JSON.stringify([output, checking.logs]);
  for (const value of Object.values(env)) expect(said).not.toContain(JSON.stringify(value).slice(1, -1));
  const findings = output.findings as { name: string; verdict: string; text: string }[];
  return { output, asked, last: findings.slice(variables.length) };
}

const ENV = { CLERK_SECRET_KEY: SECRET, CLERK_PUBLISHABLE_KEY: PUBLISHABLE, CLERK_JWT_KEY: pem(own) };

test('keys of one instance are said to be so', async () => {
  const { output, asked, last } = await compared(GOOD, ENV);
  expect(output.ok).toBe(true);
  expect(last.map(({ name, text }) => `${name}: ${text}`)).toEqual([
    'CLERK_SECRET_KEY: accepted by Clerk, instance ins_1 (production)',
    "CLERK_PUBLISHABLE_KEY: of the secret key's instance",
    "CLERK_JWT_KEY: of the secret key's instance",
  ]);
  expect(asked).toEqual([
    'GET /v1/instance with the key',
    'GET /v1/jwks with the key',
    'GET /.well-known/jwks.json open',
  ]);
});

test('a publishable key and a public key of another instance are found', async () => {
  const answers = { ...GOOD, '/.well-known/jwks.json': { status: 200, body: keySet(other, 'ins_2') } };
  const { output, last } = await compared(answers, { ...ENV, CLERK_JWT_KEY: pem(other) });
  expect(output.ok).toBe(false);
  expect(last).toMatchObject([
    { name: 'CLERK_SECRET_KEY', verdict: 'ok' },
    {
      name: 'CLERK_PUBLISHABLE_KEY',
      verdict: 'mismatch',
      text: expect.stringContaining('clerk.example.com has other'),
    },
    { name: 'CLERK_JWT_KEY', verdict: 'mismatch' },
  ]);
});

test('a key that Clerk refuses is a fault, and nothing is compared with it', async () => {
  const refusal = { status: 401, body: { errors: [{ message: 'no', code: 'clerk_key_invalid' }] } };
  const { last, asked } = await compared({ ...GOOD, '/v1/instance': refusal }, ENV);
  expect(last).toMatchObject([{ name: 'CLERK_SECRET_KEY', verdict: 'refused', severity: 'fault' }]);
  expect(asked).toEqual(['GET /v1/instance with the key']);
});

test.for<[string, Answers[string]]>([
  ['a 503 of Clerk', { status: 503, body: {} }],
  ['a 401 of something between us and Clerk', { status: 401, body: {} }],
  ['a page instead of JSON', { status: 200, body: '<h1>Welcome</h1>' }],
])('%s is no verdict on the key', async ([, answer]) => {
  const { output, last } = await compared({ ...GOOD, '/v1/instance': answer }, ENV);
  expect(output.ok).toBe(true);
  expect(last).toMatchObject([{ name: 'CLERK_SECRET_KEY', verdict: 'not-asked', severity: 'warning' }]);
});

test('a Frontend API that does not answer is a warning, and the rest is compared', async () => {
  const { output, last } = await compared({ ...GOOD, '/.well-known/jwks.json': { status: 502, body: 'no' } }, ENV);
  expect(output.ok).toBe(true);
  expect(last.map(({ verdict }) => verdict)).toEqual(['ok', 'not-asked', 'ok']);
});

test('where nobody answers at all, the shapes are judged all the same', async () => {
  const env = { ...ENV, CLERK_API_URL: await urlOfNobody() };
  const output = await fakeRun({ env }).run(envCheck, { variables: [{ name: 'CLERK_SECRET_KEY' }], compare: true });
  expect(output).toMatchObject({ ok: true, findings: [{ verdict: 'ok' }, { verdict: 'not-asked' }] });
});

test("in a drill the world's own keys belong together, and a key that was mistyped is refused", async () => {
  const world = await startTestWorld();
  const names = ['CLERK_SECRET_KEY', 'CLERK_JWT_KEY'].map((name) => ({ name }));
  const right = await fakeRun({ env: world.env }).run(envCheck, { variables: names, compare: true });
  expect(right).toMatchObject({ ok: true, findings: [{}, {}, { verdict: 'ok' }, { verdict: 'ok' }] });
  const env = { ...world.env, CLERK_SECRET_KEY: `${world.env.CLERK_SECRET_KEY}x` };
  const wrong = await fakeRun({ env }).run(envCheck, { variables: names, compare: true });
  expect(wrong).toMatchObject({ ok: false, findings: [{}, {}, { verdict: 'refused' }] });
});
