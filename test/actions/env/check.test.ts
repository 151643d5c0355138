import { generateKeyPairSync } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import envCheck from '../../../actions/env/check.ts';
import type { JsonObject } from '../../../engine/action.ts';
import { fakeRun } from '../fake-context.ts';

const SECRET = 'sk_live_abcdefghijklmnopqrstuvwxyz';
const PEM = generateKeyPairSync('rsa', { modulusLength: 2048 })
  .publicKey.export({ type: 'spki', format: 'pem' })
  .toString();
const EC = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .publicKey.export({ type: 'spki', format: 'pem' })
  .toString();
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
    CLERK_JWT_KEY: PEM,
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
  [
    'a public key whose line ends are the two characters \\n',
    { CLERK_JWT_KEY: PEM.replaceAll('\n', '\\n') },
    'malformed',
  ],
  ['a public key that lost a line', { CLERK_JWT_KEY: PEM.split('\n').toSpliced(2, 1).join('\n') }, 'malformed'],
  ['a public key of another kind', { CLERK_JWT_KEY: EC }, 'malformed'],
  [
    'a webhook secret in the place of the key',
    { CLERK_SECRET_KEY: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' },
    'malformed',
  ],
  [
    'a webhook secret that was cut',
    { CLERK_WEBHOOK_SIGNING_SECRET: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS' },
    'malformed',
  ],
  ['a secret by its name under a public prefix', { NEXT_PUBLIC_CLERK_ENCRYPTION_KEY: 'a1b2c3d4e5f6a7b8' }, 'exposed'],
  ['a password in an address under a public prefix', { VITE_DB: 'postgres://app:hunter22hunter@db/app' }, 'exposed'],
  ['the bypass of the old runbook, which has no end', { CLERK_EMERGENCY_BYPASS: 'true' }, 'bypass'],
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

test('a publishable key in one line without its PEM lines is read as the library reads it', async () => {
  const bare = PEM.replace(/-----[A-Z ]+-----|\n/g, '');
  expect(await verdicts({ CLERK_JWT_KEY: bare })).toEqual({ CLERK_JWT_KEY: 'ok' });
});

test('production expects live keys, development test keys, and what is expected by name goes first', async () => {
  const env = { CLERK_SECRET_KEY: SECRET.replace('live', 'test') };
  expect(await verdicts(env, { environment: 'production' })).toEqual({ CLERK_SECRET_KEY: 'mismatch' });
  expect(await verdicts(env, { environment: 'development' })).toEqual({ CLERK_SECRET_KEY: 'ok' });
  expect(await verdicts(env, { environment: 'production', expect: 'test' })).toEqual({ CLERK_SECRET_KEY: 'ok' });
});

test('names the host of a publishable key, and the other one where two of them disagree', async () => {
  const other = `pk_live_${Buffer.from('clerk.other.example$').toString('base64')}`;
  const env = { NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY: PUBLISHABLE, CLERK_PUBLISHABLE_KEY: other };
  const variables = Object.keys(env).map((name) => ({ name }));
  expect((await fakeRun({ env }).run(envCheck, { variables })).findings).toEqual([
    {
      name: 'NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY',
      verdict: 'ok',
      severity: 'info',
      text: 'well formed, a live key of clerk.example.com',
    },
    expect.objectContaining({ name: 'CLERK_PUBLISHABLE_KEY', verdict: 'ok' }),
    {
      name: 'CLERK_PUBLISHABLE_KEY',
      verdict: 'mismatch',
      severity: 'fault',
      text: 'of clerk.other.example, and NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY is of clerk.example.com: two instances',
    },
  ]);
});

test('without names it wants a secret key and a publishable key, and checks all that is called after Clerk', async () => {
  const env = { VITE_CLERK_PUBLISHABLE_KEY: PUBLISHABLE, CLERK_ENCRYPTION_KEY: ' x', PATH: '/bin' };
  expect(await fakeRun({ env }).run(envCheck, {})).toMatchObject({
    ok: false,
    source: 'process',
    checked: ['CLERK_SECRET_KEY', 'VITE_CLERK_PUBLISHABLE_KEY', 'CLERK_ENCRYPTION_KEY'],
    listed: [{ name: 'VITE_CLERK_PUBLISHABLE_KEY' }, { name: 'CLERK_ENCRYPTION_KEY' }],
    summary:
      '3 variables checked in the environment of this process: faults: CLERK_SECRET_KEY missing, CLERK_ENCRYPTION_KEY malformed',
  });
});

test('an optional variable may be missing and a required one not', async () => {
  const variables = [{ name: 'CLERK_JWT_KEY', required: false }, { name: 'CLERK_SECRET_KEY' }];
  expect(await fakeRun().run(envCheck, { variables })).toMatchObject({
    ok: false,
    findings: [
      { name: 'CLERK_JWT_KEY', verdict: 'ok', severity: 'info', text: 'not set, and optional' },
      { name: 'CLERK_SECRET_KEY', verdict: 'missing', severity: 'fault', text: 'not set' },
    ],
  });
});

/** A file in a folder of its own, which goes when the test ends. */
async function fileWith(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'env-check-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const file = join(folder, '.env.production');
  await writeFile(file, text);
  return file;
}

test('reads quotes, comments, export and values of several lines as programs do', async () => {
  const file = await fileWith(
    `# ours\nexport CLERK_SECRET_KEY='${SECRET}' # the key\nCLERK_JWT_KEY="${PEM}"\nCLERK_PUBLISHABLE_KEY=${PUBLISHABLE}\r\n`,
  );
  expect(await fakeRun().run(envCheck, { file })).toMatchObject({
    ok: true,
    source: 'file',
    checked: ['CLERK_SECRET_KEY', 'CLERK_PUBLISHABLE_KEY', 'CLERK_JWT_KEY'],
  });
});

test('finds quotes within quotes, which no reader of .env files takes off', async () => {
  const file = await fileWith(`CLERK_SECRET_KEY='"${SECRET}"'\n`);
  const output = await fakeRun().run(envCheck, { file, variables: [{ name: 'CLERK_SECRET_KEY' }] });
  expect(output).toMatchObject({
    ok: false,
    findings: [{ verdict: 'malformed', text: 'quotes are part of the value' }],
  });
});

test('an error names the file and no line of it', async () => {
  const file = await fileWith(`CLERK_SECRET_KEY=${SECRET}`);
  const checking = fakeRun().run(envCheck, { file: join(file, 'inside') });
  await expect(checking).rejects.toThrow(/cannot be read: ENOTDIR/);
  await expect(checking).rejects.not.toThrow(SECRET);
});

test('one place is checked at a time', async () => {
  await expect(fakeRun().run(envCheck, { file: '.env', vercel: {} })).rejects.toThrow('either `file` or `vercel`');
});

test('reads a .env file and finds an exposed secret under a name nobody asked for', async () => {
  const file = await fileWith(`CLERK_SECRET_KEY="${SECRET}"\nNEXT_PUBLIC_OOPS=${SECRET}\n`);
  const output = await fakeRun().run(envCheck, { variables: [{ name: 'CLERK_SECRET_KEY' }], file });
  expect(output).toMatchObject({
    ok: false,
    findings: [{ verdict: 'ok' }, { name: 'NEXT_PUBLIC_OOPS', verdict: 'exposed' }],
  });
  const missing = fakeRun().run(envCheck, { variables: [{ name: 'A' }], file: `${file}.none` });
  await expect(missing).rejects.toThrow(/cannot be read/);
});
