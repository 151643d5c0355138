// Whatever the shell holds, a drill reaches nothing but this machine and passes none of it on.
import { readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Place } from './cli.ts';

const place = new Place();
const asked: string[] = [];
/** Stands for the world outside: a proxy, another API, a real database. Nobody may ask it anything. */
const outside = createServer((request, response) => {
  asked.push(`${request.method} ${request.url}`);
  response.writeHead(200, { 'Content-Type': 'application/json' }).end('[]');
});
outside.on('connect', (request, socket) => {
  asked.push(`CONNECT ${request.url}`);
  socket.end();
});
let url = '';
beforeAll(async () => {
  await new Promise<void>((resolve) => outside.listen(0, '127.0.0.1', resolve));
  const address = outside.address();
  url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
});
afterAll(() => {
  outside.close();
  place.remove();
});

const REAL = 'sk_live_0123456789abcdefghijklmnopqrstuvwxyzABCD';

it('a shell full of production is neither reached nor passed on', async () => {
  place.write(
    'playbooks/look.yaml',
    `apiVersion: runbook/v1
name: look
title: Look at the environment
category: security
severity: P3
symptoms: [Nothing]
inputs:
  users: { type: array, items: { type: string }, description: Whom to look at }
requires: { secrets: [CLERK_SECRET_KEY] }
steps:
  - id: look
    title: What a command gets
    uses: shell.run
    with: { command: [env] }
    effect: read
  - id: ask
    title: Ask Clerk
    uses: clerk.count-active-sessions
    with: { users: "\${{ inputs.users }}" }
`,
  );
  place.write(
    'playbooks/drills/look.yaml',
    `apiVersion: runbook/v1
kind: Scenario
name: look
title: Look
playbook: look
seed: 1
alert: Look.
world: { users: 9, compromised: { count: 2 } }
answers: { inputs: { users: $compromised } }
success: { requires: [] }
`,
  );
  const shell = {
    CLERK_SECRET_KEY: REAL,
    CLERK_API_URL: url,
    CLERK_STATUS_URL: url,
    DATABASE_URL: 'postgres://app:hunter2-production@db.example.com/app',
    HTTP_PROXY: url,
    HTTPS_PROXY: url,
    http_proxy: url,
    https_proxy: url,
    NODE_USE_ENV_PROXY: '1',
    VERCEL_TOKEN: 'vercel-production-token',
    SLACK_WEBHOOK_URL: `${url}/slack`,
  };
  const look = await place.start(['drill', 'look', '--yes', '--json'], shell).ended;
  expect(look.exitCode, look.stdout + look.stderr).toBe(0);
  for (const text of [REAL, 'hunter2-production', 'vercel-production-token', url])
    expect(look.stdout).not.toContain(text);
  expect(asked).toEqual([]);
}, 120_000);

it('a program that a drill starts has a home of its own, also after a resume', async () => {
  const shows = (id: string): string => `  - id: ${id}
    title: Say where home is
    uses: shell.run
    with: { command: [sh, -c, 'echo "$HOME $TMPDIR $XDG_CONFIG_HOME" >> homes.txt'] }
    effect: read
`;
  place.write(
    'playbooks/home.yaml',
    `apiVersion: runbook/v1
name: home
title: Where programs live
category: security
severity: P3
symptoms: [Nothing]
steps:
${shows('before')}  - id: wait
    title: Wait
    manual: Wait for the rest.
${shows('after')}`,
  );
  place.write(
    'playbooks/drills/home.yaml',
    `apiVersion: runbook/v1
kind: Scenario
name: home
title: Home
playbook: home
seed: 1
alert: Look.
world: { users: 9 }
success: { requires: [] }
`,
  );
  const shell = { TMPDIR: join(place.folder, 'real-tmp'), XDG_CONFIG_HOME: join(place.folder, '.config') };
  const first = await place.start(['drill', 'home'], shell).ended;
  expect(first.exitCode, first.stdout + first.stderr).toBe(3);
  const rest = await place.start(['resume', '--yes'], shell).ended;
  expect(rest.exitCode, rest.stdout + rest.stderr).toBe(0);
  const homes = readFileSync(join(place.folder, 'homes.txt'), 'utf8').trim().split('\n');
  expect(homes).toHaveLength(2);
  expect(homes[1]).toBe(homes[0]);
  const [home = '', temporary, config] = homes[0]?.split(' ') ?? [];
  expect(home).toMatch(/[/\\]drills[/\\][\w-]+\.home$/);
  expect([temporary, config]).toEqual([join(home, 'tmp'), join(home, '.config')]);
  expect(statSync(home).mode & 0o777).toBe(0o700);
}, 120_000);
