import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import envCheck from '../../../actions/env/check.ts';
import type { JsonObject } from '../../../engine/action.ts';
import { fakeRun } from '../fake-context.ts';

const SECRET = 'sk_live_abcdefghijklmnopqrstuvwxyz';
const PUBLISHABLE = `pk_live_${Buffer.from('clerk.example.com$').toString('base64')}`;

async function verdicts(
  env: { readonly [name: string]: string },
  more: JsonObject = {},
): Promise<{ [name: string]: unknown }> {
  const variables = Object.keys(env).map((name) => ({ name }));
  const checking = fakeRun({ env });
  const output = await checking.run(envCheck, { variables, ...more });
  const said = JSON.stringify([output, checking.logs]);
  for (const value of Object.values(env)) if (value.trim().length > 8) expect(said).not.toContain(value.trim());
  return Object.fromEntries(
    (output.findings as { name: string; verdict: string }[]).map((one) => [one.name, one.verdict]),
  );
}

test('passes a well-formed set and names no value', async () => {
  const env = {
    CLERK_SECRET_KEY: SECRET,
    NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY: PUBLISHABLE,
    CLERK_WEBHOOK_SIGNING_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
    CLERK_JWT_KEY: '-----BEGIN PUBLIC KEY-----\nMIIBIjANBg\n-----END PUBLIC KEY-----',
    CLERK_API_URL: 'https://api.clerk.com',
  };
  const found = await verdicts(env, { expect: 'live' });
  expect(new Set(Object.values(found))).toEqual(new Set(['ok']));
});

test.for<[string, { readonly [name: string]: string }, string]>([
  ['a trailing line break', { CLERK_SECRET_KEY: `${SECRET}\n` }, 'malformed'],
  ['pasted quotes', { CLERK_SECRET_KEY: `"${SECRET}"` }, 'malformed'],
  ['a publishable key in the place of the secret one', { CLERK_SECRET_KEY: PUBLISHABLE }, 'malformed'],
  ['a publishable key that was cut', { CLERK_PUBLISHABLE_KEY: PUBLISHABLE.slice(0, -6) }, 'malformed'],
  ['a secret under a public prefix', { VITE_CLERK_SECRET_KEY: SECRET }, 'exposed'],
  [
    'a private key for the public one',
    { CLERK_JWT_KEY: '-----BEGIN PRIVATE KEY-----\nx\n-----END PRIVATE KEY-----' },
    'malformed',
  ],
  ['a webhook secret that is none', { CLERK_WEBHOOK_SIGNING_SECRET: 'whsec_short' }, 'malformed'],
  ['an address without a scheme', { CLERK_API_URL: 'api.clerk.com' }, 'malformed'],
  ['nothing', { CLERK_SECRET_KEY: '' }, 'missing'],
])('finds %s', async ([, env, verdict]) => {
  expect(Object.values(await verdicts(env))).toEqual([verdict]);
});

test('finds a test key among live ones, and test keys where live ones are expected', async () => {
  const env = { CLERK_SECRET_KEY: SECRET, CLERK_PUBLISHABLE_KEY: PUBLISHABLE.replace('live', 'test') };
  expect((await verdicts(env)).CLERK_PUBLISHABLE_KEY).toBe('mismatch');
  expect(await verdicts({ CLERK_SECRET_KEY: SECRET.replace('live', 'test') }, { expect: 'live' })).toEqual({
    CLERK_SECRET_KEY: 'mismatch',
  });
});

test('an optional variable may be missing and a required one not', async () => {
  const variables = [{ name: 'CLERK_JWT_KEY', required: false }, { name: 'CLERK_SECRET_KEY' }];
  expect(await fakeRun().run(envCheck, { variables })).toEqual({
    ok: false,
    findings: [
      { name: 'CLERK_JWT_KEY', verdict: 'ok', message: 'not set, and optional' },
      { name: 'CLERK_SECRET_KEY', verdict: 'missing', message: 'not set' },
    ],
  });
});

test('reads a .env file and finds an exposed secret under a name nobody asked for', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'env-check-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, '.env.production');
  await writeFile(file, `CLERK_SECRET_KEY="${SECRET}"\nNEXT_PUBLIC_OOPS=${SECRET}\n`);
  const output = await fakeRun().run(envCheck, { variables: [{ name: 'CLERK_SECRET_KEY' }], file });
  expect(output).toMatchObject({
    ok: false,
    findings: [{ verdict: 'ok' }, { name: 'NEXT_PUBLIC_OOPS', verdict: 'exposed' }],
  });
  const missing = fakeRun().run(envCheck, { variables: [{ name: 'A' }], file: join(folder, 'none') });
  await expect(missing).rejects.toThrow(/cannot be read/);
});
