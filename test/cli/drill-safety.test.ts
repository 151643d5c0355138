// Whatever the shell holds, a drill reaches nothing but this machine and passes none of it on.
import { createServer } from 'node:http';
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
