// A bulk change of 10,000 targets, and its undo, killed again and again: what is recorded is what happened, and nothing
// recorded is sent again.
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createPlaybookCompiler } from '../../engine/playbook/compile.ts';
import { createRedactor } from '../../engine/redact.ts';
import { systemClock } from '../../engine/run/clock.ts';
import { createRun } from '../../engine/run/create.ts';
import type { RunEvent } from '../../engine/run/events.ts';
import { foldRun } from '../../engine/run/session.ts';
import { openSqliteJournal } from '../../engine/store/sqlite/open.ts';
import { picker } from '../run/core-model.ts';
import { bulkActions } from './bulk-action.ts';
import type { Task } from './bulk-child.ts';
import { type Folder, makeFolder } from './drill.ts';

const SEED = 20_261_124;
const KILLS = 50;
const TARGETS = 10_000;
const BANNED_BEFORE = 1_000;
const BATCH = 50;
const CONCURRENCY = 4;

const child = fileURLToPath(new URL('./bulk-child.ts', import.meta.url));
const ids = Array.from({ length: TARGETS }, (_, index) => `u${index}`);
const text = (service: string): string => `apiVersion: runbook/v1
name: bulk
title: Bulk
category: security
severity: P1
inputs: { users: { type: array, items: { type: string } } }
steps:
  - id: ban
    title: Ban
    uses: test.ban
    with: { url: "${service}", users: "\${{ inputs.users }}" }
    approval: { none: Test }
`;

/** A service that remembers who is banned, and every request that set it. */
class Service {
  readonly banned = new Set<string>();
  /** By wanted state: how often each id was sent. */
  readonly sent = { ban: new Map<string, number>(), unban: new Map<string, number>() };
  requests = 0;
  /** Called at each request, before or after its effect: a moment to kill. */
  atRequest: (moment: 'before' | 'effect' | 'answered', request: number) => void = () => undefined;
  readonly #server: Server;
  constructor() {
    this.#server = createServer((request, response) => {
      const url = new URL(request.url ?? '', 'http://service');
      if (url.pathname === '/state') {
        const asked = (url.searchParams.get('ids') ?? '').split(',');
        response.end(JSON.stringify(asked.filter((id) => this.banned.has(id))));
        return;
      }
      let body = '';
      request.on('data', (chunk) => {
        body += String(chunk);
      });
      request.on('end', () => {
        this.requests += 1;
        const number = this.requests;
        this.atRequest('before', number);
        const { banned, ids: given } = JSON.parse(body) as { banned: boolean; ids: string[] };
        const sent = banned ? this.sent.ban : this.sent.unban;
        for (const id of given) {
          sent.set(id, (sent.get(id) ?? 0) + 1);
          if (banned) this.banned.add(id);
          else this.banned.delete(id);
        }
        this.atRequest('effect', number);
        response.end('{}');
        response.on('finish', () => this.atRequest('answered', number));
      });
    });
  }
  async start(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
    const { port } = this.#server.address() as AddressInfo;
    return `http://127.0.0.1:${port}`;
  }
  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

let folder: Folder;
let service: Service;
let url: string;
let runId: string;
const chance = picker(SEED);

beforeAll(async () => {
  folder = makeFolder();
  service = new Service();
  url = await service.start();
  for (const id of ids.slice(0, BANNED_BEFORE)) service.banned.add(id);
  const schema = new URL('../../schemas/playbook.schema.json', import.meta.url);
  const compile = createPlaybookCompiler({ playbookSchema: JSON.parse(readFileSync(schema, 'utf8')) });
  const actions = new Map(bulkActions.map((action) => [action.name, action]));
  const { plan, diagnostics } = compile({ text: text(url), file: 'bulk.yaml', actions });
  if (!plan) throw new Error(JSON.stringify(diagnostics));
  const journal = await openSqliteJournal({ file: folder.store, redactor: createRedactor() });
  const made = { journal, plan, inputs: { users: ids }, operator: 'tester', env: {}, random: Math.random };
  ({ runId } = await createRun({ ...made, version: 'test' }));
  await journal.close();
}, 60_000);
afterAll(() => {
  service.stop();
  folder.remove();
});

/** Runs the child; kills it at the `killAt`-th request that sets something, at a moment of it. 0: lets it end. */
function runChild(undoes: boolean, kill: { readonly at: number; readonly moment: string } | null): Promise<string> {
  const task: Task = { store: folder.store, runId, service: url, text: text(url), undoes };
  const running: ChildProcess = spawn(process.execPath, [child, JSON.stringify(task)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, NODE_NO_WARNINGS: '1' },
  });
  const first = service.requests;
  service.atRequest = (moment, number) => {
    if (kill && moment === kill.moment && number - first === kill.at) running.kill('SIGKILL');
  };
  let out = '';
  let err = '';
  running.stdout?.on('data', (chunk) => {
    out += String(chunk);
  });
  running.stderr?.on('data', (chunk) => {
    err += String(chunk);
  });
  return new Promise((resolve, reject) => {
    running.on('exit', (code, signal) => {
      if (signal === 'SIGKILL') resolve('killed');
      else if (code === 0) resolve(out);
      else reject(new Error(`the child ended with ${code}: ${err}`));
    });
  });
}

async function killedAgainAndAgain(undoes: boolean, times: number): Promise<number> {
  let kills = 0;
  while (kills < times) {
    const moments = ['before', 'effect', 'answered'];
    const kill = {
      at: 1 + Math.floor(chance() * 3),
      moment: moments[Math.floor(chance() * moments.length)] ?? 'effect',
    };
    if ((await runChild(undoes, kill)) !== 'killed') break;
    kills += 1;
  }
  const out = await runChild(undoes, null);
  expect(JSON.parse(out)).toMatchObject({ status: 'done', waitsFor: [] });
  return kills;
}

async function events(): Promise<RunEvent[]> {
  const journal = await openSqliteJournal({ file: folder.store, redactor: createRedactor() });
  const all: RunEvent[] = [];
  for await (const event of journal.read(runId)) all.push(event);
  await journal.close();
  return all;
}

/** How often each target was recorded as done, by the verb. */
function recorded(all: readonly RunEvent[], verb: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const event of all)
    if (event.type === 'change.settled' && event.data.verb === verb)
      for (const { id, outcome } of event.data.results)
        if (outcome === 'done') counts.set(id, (counts.get(id) ?? 0) + 1);
  return counts;
}

test(`${TARGETS} targets, killed ${KILLS} times: each is changed, none recorded twice, none recorded is sent again`, async () => {
  const kills = await killedAgainAndAgain(false, KILLS);
  expect(kills).toBe(KILLS);
  expect(service.banned.size).toBe(TARGETS);
  const done = recorded(await events(), 'ban');
  expect(done.size).toBe(TARGETS - BANNED_BEFORE);
  expect([...done.values()].filter((times) => times !== 1)).toEqual([]);
  // What was so before is not ours and was never sent.
  for (const id of ids.slice(0, BANNED_BEFORE)) expect(service.sent.ban.has(id)).toBe(false);
  const repeats = [...service.sent.ban.values()].reduce((sum, times) => sum + times - 1, 0);
  expect(repeats).toBeLessThanOrEqual(kills * CONCURRENCY * BATCH);
  console.log(`${kills} kills, ${repeats} targets sent again (bound ${kills * CONCURRENCY * BATCH}), losses 0`);
}, 900_000);

test('the undo, killed in its middle again and again, ends in the first state; a second one sends nothing', async () => {
  // Somebody restores five meanwhile.
  const restored = ids.slice(BANNED_BEFORE, BANNED_BEFORE + 5);
  for (const id of restored) service.banned.delete(id);
  const kills = await killedAgainAndAgain(true, 20);
  expect(kills).toBe(20);
  expect([...service.banned].sort()).toEqual(ids.slice(0, BANNED_BEFORE).sort());
  const done = recorded(await events(), 'unban');
  expect(done.size).toBe(TARGETS - BANNED_BEFORE - restored.length);
  expect([...done.values()].filter((times) => times !== 1)).toEqual([]);
  for (const id of restored) expect(service.sent.unban.has(id)).toBe(false);
  const journal = await openSqliteJournal({ file: folder.store, redactor: createRedactor() });
  const state = await foldRun({ journal, runId, clock: systemClock });
  await journal.close();
  const left = [...(state.changes.get('ban')?.values() ?? [])].filter((change) => change.left !== undefined);
  expect(left.map((change) => change.id).sort()).toEqual([...restored].sort());
  expect(new Set(left.map((change) => change.left))).toEqual(new Set(['somebody has taken it back already']));
  const before = service.requests;
  expect(JSON.parse(await runChild(true, null))).toMatchObject({ status: 'done' });
  expect(service.requests).toBe(before);
}, 900_000);
