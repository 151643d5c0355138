import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test } from 'vitest';
import type { AppFacts } from '../../../engine/drill/services/facts.ts';
import type { JsonObject } from '../../../engine/json.ts';
import { must, scenarioWith, temporaryFile } from '../helpers.ts';

const SERVE = resolve(import.meta.dirname, '../../../engine/drill/serve.ts');

interface Served {
  readonly child: ChildProcess;
  readonly ready: { readonly apiUrl: string; readonly env: { readonly [name: string]: string } };
}

async function serve(args: readonly string[]): Promise<Served> {
  const child = spawn(process.execPath, [SERVE, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  const [line] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  return { child, ready: JSON.parse(line) };
}

async function appFacts({ ready }: Served): Promise<AppFacts> {
  const response = await fetch(`${ready.apiUrl}/__world/state`);
  return must(((await response.json()) as { app?: AppFacts }).app);
}

test('a world killed again and again while it delivers ends with every message delivered to one effect', async () => {
  const stateFile = temporaryFile();
  const file = temporaryFile('scenario.yaml');
  writeFileSync(file, JSON.stringify(scenarioWith({ app: { table: { stale: 40 } }, services: { webhooks: {} } })));
  let world = await serve(['--scenario', file, '--state', stateFile]);
  const headers = { Authorization: `Bearer ${world.ready.env.CLERK_SECRET_KEY}`, 'Content-Type': 'application/json' };
  const users = (await (await fetch(`${world.ready.apiUrl}/v1/users?limit=40`, { headers })).json()) as JsonObject[];
  for (const chunk of [users.slice(0, 14), users.slice(14, 27), users.slice(27)]) {
    await Promise.all(
      chunk.map(({ id }, n) =>
        fetch(`${world.ready.apiUrl}/v1/users/${String(id)}/metadata`, {
          method: 'PATCH',
          headers,
          body: JSON.stringify({ public_metadata: { n } }),
        }),
      ),
    );
    world.child.kill('SIGKILL');
    await once(world.child, 'exit');
    world = await serve(['--state', stateFile]);
  }
  await expect.poll(async () => (await appFacts(world)).webhooks.pending, { timeout: 10_000 }).toBe(0);
  expect(await appFacts(world)).toMatchObject({
    table: { missing: 0, stale: 0, orphans: 0 },
    webhooks: { delivered: 40, failed: 0 },
  });
  const db = new Database(must(world.ready.env.DATABASE_URL).replace(/^sqlite:/, ''), { readonly: true });
  const rows = db.prepare('SELECT count(*) AS events, count(DISTINCT clerk_id) AS users FROM webhook_events').all();
  db.close();
  expect(rows).toEqual([{ events: 40, users: 40 }]);
});
