// A process frozen past its lease, as a laptop that slept: another one takes the run over, and the one that wakes sends
// nothing and writes nothing.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { afterAll, expect, test } from 'vitest';
import { createPlaybookCompiler } from '../../engine/playbook/compile.ts';
import { createRedactor } from '../../engine/redact.ts';
import { createRun } from '../../engine/run/create.ts';
import { openSqliteJournal } from '../../engine/store/sqlite/open.ts';
import { bulkActions } from './bulk-action.ts';
import type { Task } from './bulk-child.ts';
import { makeFolder } from './drill.ts';

const CONCURRENCY = 4;
const FREEZE_AT = 10;
const script = fileURLToPath(new URL('./bulk-child.ts', import.meta.url));
const folder = makeFolder();
const children: ChildProcess[] = [];
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  folder.remove();
});

/** Stops a process where it holds no lock of the store: within a write, everybody else would only find the file busy. */
async function freeze({ pid }: ChildProcess): Promise<void> {
  if (pid === undefined) throw new Error('it does not run');
  const store = new Database(folder.store, { timeout: 0 });
  try {
    await expect
      .poll(
        () => {
          process.kill(pid, 'SIGSTOP');
          const state = execFileSync('ps', ['-o', 'state=', '-p', String(pid)], { encoding: 'utf8' }).trim();
          if (state.startsWith('T') && !isLocked(store)) return 'frozen';
          process.kill(pid, 'SIGCONT');
          return state;
        },
        { interval: 3, timeout: 30_000 },
      )
      .toBe('frozen');
  } finally {
    store.close();
  }
}

function isLocked(store: Database.Database): boolean {
  try {
    store.exec('BEGIN IMMEDIATE; ROLLBACK');
    return false;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'SQLITE_BUSY') return true;
    throw error;
  }
}

test('a frozen holder that wakes after another took over sends no request and appends nothing', async () => {
  const sent: { readonly pid: number; readonly at: number }[] = [];
  let first: ChildProcess | undefined;
  let isAwake = false;
  let frozen: Promise<void> | undefined;
  const server = createServer((request, response) => {
    if (request.method === 'GET') {
      response.end('[]');
      return;
    }
    const pid = Number(request.headers['x-sender']);
    request.resume().on('end', () => {
      sent.push({ pid, at: Date.now() });
      if (sent.length === FREEZE_AT && first !== undefined) frozen = freeze(first);
      response.end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const service = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const text = `apiVersion: runbook/v1
name: bulk
title: Bulk
category: security
severity: P1
inputs: { users: { type: array, items: { type: string } } }
steps:
  - { id: ban, title: Ban, uses: test.ban, with: { url: "${service}", users: "\${{ inputs.users }}" }, approval: { none: Test } }
`;
  const schema = new URL('../../schemas/playbook.schema.json', import.meta.url);
  const compile = createPlaybookCompiler({ playbookSchema: JSON.parse(readFileSync(schema, 'utf8')) });
  const actions = new Map(bulkActions.map((action) => [action.name, action]));
  const { plan } = compile({ text, file: 'bulk.yaml', actions });
  if (!plan) throw new Error('does not compile');
  const journal = await openSqliteJournal({ file: folder.store, redactor: createRedactor() });
  const users = Array.from({ length: 2_000 }, (_, n) => `u${n}`);
  const { runId } = await createRun({
    journal,
    plan,
    inputs: { users },
    operator: 'tester',
    env: {},
    random: Math.random,
    version: 'test',
  });
  const start = (): ChildProcess => {
    const task: Task = { store: folder.store, runId, service, text, undoes: false };
    const child = spawn(process.execPath, [script, JSON.stringify(task)], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, NODE_NO_WARNINGS: '1' },
    });
    children.push(child);
    return child;
  };
  first = start();
  await expect.poll(() => frozen !== undefined, { timeout: 60_000 }).toBe(true);
  await frozen;
  // Held by a live process: refused until its lease has run out on the store's clock.
  const refused = start();
  let said = '';
  refused.stderr?.on('data', (chunk) => {
    said += String(chunk);
  });
  expect((await once(refused, 'exit'))[0]).not.toBe(0);
  expect(said).toContain('E_RUN_HELD');
  const before = sent.length;
  await expect
    .poll(
      async () => {
        const second = start();
        const [code] = await once(second, 'exit');
        return code;
      },
      { timeout: 90_000, interval: 2_000 },
    )
    .toBe(0);
  const finished = sent.length;
  expect(finished - before).toBeGreaterThan(20);
  const headOf = async (): Promise<string> => {
    let hash = '';
    for await (const event of journal.read(runId)) hash = event.hash;
    return hash;
  };
  const head = await headOf();
  isAwake = true;
  let waking = '';
  first.stderr?.on('data', (chunk) => {
    waking += String(chunk);
  });
  first.kill('SIGCONT');
  const [code] = await once(first, 'exit');
  expect(isAwake && code, waking).not.toBe(0);
  expect(waking).toContain('E_LEASE_LOST');
  // Those whose check had passed when it froze may still arrive; no other.
  expect(sent.length - finished).toBeLessThanOrEqual(CONCURRENCY - 1);
  expect(await headOf()).toBe(head);
  server.close();
  server.closeAllConnections();
  await journal.close();
}, 240_000);
