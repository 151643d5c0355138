// env.check against Vercel: the `vercel` program (one of our own on PATH, which writes as the real one does), and the REST
// API as the drill's world speaks it.
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import envCheck from '../../../actions/env/check.ts';
import { startAppWorld } from '../../drill/services/app-world.ts';
import { fakeRun } from '../fake-context.ts';

const SECRET = 'sk_live_abcdefghijklmnopqrstuvwxyz';
const PUBLISHABLE = `pk_live_${Buffer.from('clerk.example.com$').toString('base64')}`;

interface Fake {
  /** What it was called with, one line a call. */
  calls(): readonly string[];
  /** Where the pulled file was. */
  pulledTo(): string;
}

/** Puts a `vercel` first on PATH. `pulled` is the text of the file that `env pull` writes. */
function fakeVercel({ list = '', pulled = '', exit = 0, stderr = '' }): Fake {
  const folder = mkdtempSync(join(tmpdir(), 'fake-vercel-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const calls = join(folder, 'calls');
  writeFileSync(calls, '');
  const script = `#!${process.execPath}
const fs = require('node:fs');
const args = process.argv.slice(2);
fs.appendFileSync(${JSON.stringify(calls)}, JSON.stringify({ args, env: process.env }) + '\\n');
process.stderr.write(${JSON.stringify(stderr)});
if (${exit} !== 0) process.exit(${exit});
if (args[1] === 'ls') process.stdout.write(${JSON.stringify(list)});
else fs.writeFileSync(args[2], ${JSON.stringify(pulled)});
`;
  writeFileSync(join(folder, 'vercel'), script);
  chmodSync(join(folder, 'vercel'), 0o755);
  vi.stubEnv('PATH', `${folder}:${process.env.PATH}`);
  onTestFinished(() => {
    vi.unstubAllEnvs();
  });
  const read = () => readFileSync(calls, 'utf8').trim().split('\n');
  return {
    calls: () => read().map((line) => JSON.parse(line).args.slice(0, 2).join(' ')),
    pulledTo: () => String(read().map((line) => JSON.parse(line).args)[1]?.[2]),
  };
}

const LIST = `
 \u001b[90mname                                value               environments           created    \u001b[39m
 \u001b[1mCLERK_SECRET_KEY\u001b[22m                    Encrypted           Production             3d ago
 NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY   pk_live_Y2x  Jay…   Production, Preview    41d ago
 CLERK_WEBHOOK_SIGNING_SECRET        Encrypted           Production             41d ago
 DATABASE_URL                        Encrypted           Production             2h ago

`;
const PULLED = `# Created by Vercel CLI
CLERK_SECRET_KEY="${SECRET}"
NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY="${PUBLISHABLE}"
CLERK_WEBHOOK_SIGNING_SECRET=""
DATABASE_URL="postgres://app:hunter22hunter@db/app"
`;

test('the program gives names, environments and ages as `vercel env ls | grep CLERK` does, and what each is worth', async () => {
  const vercel = fakeVercel({ list: LIST, pulled: PULLED });
  const checking = fakeRun();
  const output = await checking.run(envCheck, { vercel: {} });
  expect(output).toMatchObject({
    ok: true,
    source: 'vercel',
    listed: [
      { name: 'CLERK_SECRET_KEY', environments: ['Production'], changed: 'created 3d ago' },
      { name: 'NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY', environments: ['Production', 'Preview'] },
      { name: 'CLERK_WEBHOOK_SIGNING_SECRET' },
    ],
    findings: [
      { name: 'CLERK_SECRET_KEY', verdict: 'ok' },
      { name: 'NEXT_PUBLIC_CLERK_PUBLISHABLE_KEY', verdict: 'ok' },
      { name: 'CLERK_WEBHOOK_SIGNING_SECRET', verdict: 'unreadable', severity: 'warning' },
    ],
  });
  expect(checking.logs).toContain('CLERK_SECRET_KEY: Production; created 3d ago');
  expect(vercel.calls()).toEqual(['env ls', 'env pull']);
  const said = JSON.stringify([output, checking.logs]);
  for (const value of [SECRET, PUBLISHABLE, 'pk_live_Y2x', 'hunter22']) expect(said).not.toContain(value);
  expect(existsSync(vercel.pulledTo())).toBe(false);
});

test('quotes that were pasted into the dashboard are found in the pulled file', async () => {
  fakeVercel({ list: LIST, pulled: PULLED.replace(`"${SECRET}"`, `""${SECRET}""`) });
  const output = await fakeRun().run(envCheck, { vercel: {}, variables: [{ name: 'CLERK_SECRET_KEY' }] });
  expect(output.findings).toMatchObject([{ verdict: 'malformed', text: 'quotes are part of the value' }]);
});

test('what is exposed under any name is found, and what is not there is missing', async () => {
  fakeVercel({ list: LIST, pulled: `${PULLED}NEXT_PUBLIC_DB="postgres://app:hunter22hunter@db/app"\n` });
  const output = await fakeRun().run(envCheck, { vercel: {}, variables: [{ name: 'CLERK_JWT_KEY' }] });
  expect(output.findings).toMatchObject([
    { name: 'CLERK_JWT_KEY', verdict: 'missing' },
    { name: 'NEXT_PUBLIC_DB', verdict: 'exposed' },
  ]);
});

test('a table that is not understood is an error, and so is one that prints a value', async () => {
  fakeVercel({ list: `CLERK_SECRET_KEY=${SECRET}\n` });
  const checking = fakeRun().run(envCheck, { vercel: {} });
  await expect(checking).rejects.toThrow('is not understood');
  await expect(checking).rejects.not.toThrow(SECRET);
});

test('a program that is not logged in says so in its own words, without its other lines', async () => {
  fakeVercel({
    exit: 1,
    stderr: `debug ${SECRET}\nError: No existing credentials found. Please run \`vercel login\`\n`,
  });
  const checking = fakeRun().run(envCheck, { vercel: {} });
  await expect(checking).rejects.toThrow('`vercel env ls` ended with 1. Error: No existing credentials found.');
  await expect(checking).rejects.not.toThrow(SECRET);
});

test('a program that is not there is named, with what to do instead', async () => {
  const vercel = { command: ['no-such-vercel'] };
  await expect(fakeRun().run(envCheck, { vercel })).rejects.toThrow(
    /`no-such-vercel env ls` could not be started.*VERCEL_TOKEN/,
  );
});

test('the REST API gives the same of a project, with the time of each change', async () => {
  const world = await startAppWorld({
    app: { bad: { variables: { CLERK_SECRET_KEY: SECRET, CLERK_WEBHOOK_SIGNING_SECRET: null } } },
    services: { vercel: {} },
  });
  const checking = fakeRun({ env: world.env, secrets: { VERCEL_TOKEN: String(world.env.VERCEL_TOKEN) } });
  const variables = ['CLERK_SECRET_KEY', 'CLERK_WEBHOOK_SIGNING_SECRET'].map((name) => ({ name }));
  const output = await checking.run(envCheck, { vercel: {}, variables, match: 'CLERK', compare: true });
  expect(output).toMatchObject({ ok: false, source: 'vercel' });
  expect(output.findings).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ name: 'CLERK_WEBHOOK_SIGNING_SECRET', verdict: 'missing' }),
      {
        name: 'CLERK_SECRET_KEY',
        verdict: 'refused',
        severity: 'fault',
        text: 'Clerk refuses this key (401 clerk_key_invalid)',
      },
    ]),
  );
  expect(output.listed).toEqual(
    expect.arrayContaining([
      {
        name: 'CLERK_SECRET_KEY',
        environments: ['production'],
        changed: expect.stringMatching(/^changed \d{4}-\d\d-\d\dT/),
      },
    ]),
  );
  const said = JSON.stringify([output, checking.logs]);
  for (const value of [SECRET, world.env.CLERK_JWT_KEY, world.env.CLERK_PUBLISHABLE_KEY])
    expect(said).not.toContain(JSON.stringify(value).slice(1, -1));
  expect(world.changeRequests()).toEqual([]);
});

test('the REST API is asked for production alone', async () => {
  const asking = fakeRun({ secrets: { VERCEL_TOKEN: 'token-of-a-team' } }).run(envCheck, {
    vercel: {},
    environment: 'preview',
  });
  await expect(asking).rejects.toThrow('vercel: { via: cli }');
});
