// Drives the built CLI as a process, kills it where told, and reads what it left: the journal and the world.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { WorldFacts } from '../../engine/drill/inspect.ts';
import { startWorld } from '../../engine/drill/world.ts';
import type { Json } from '../../engine/json.ts';
import { createRedactor } from '../../engine/redact.ts';
import type { RunEvent } from '../../engine/run/events.ts';
import { evolve } from '../../engine/run/evolve.ts';
import { initialState, type RunState } from '../../engine/run/state.ts';
import { openSqliteJournal } from '../../engine/store/sqlite/open.ts';
import { COMPILED } from '../compile-cache.ts';

const root = new URL('../..', import.meta.url).pathname;
const scenario = new URL('../fixtures/drills/containment.yaml', import.meta.url).pathname;

export interface Folder {
  readonly path: string;
  readonly store: string;
  remove(): void;
}
export function makeFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), 'runbook-crash-'));
  return { path, store: join(path, 'runs.db'), remove: () => rmSync(path, { recursive: true, force: true }) };
}

export interface Outcome {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly events: readonly RunEvent[];
  readonly stderr: string;
}

/** Starts the drill, or goes on with it; `killWhen` sees each event as it is printed and kills at the first true. */
export function drill(
  folder: Folder,
  args: readonly string[],
  killWhen: (event: RunEvent) => boolean = () => false,
  {
    delayMs = 0,
    signal: how = 'SIGKILL',
  }: {
    /** Between the event and the kill. */
    readonly delayMs?: number;
    readonly signal?: 'SIGKILL' | 'SIGTERM';
  } = {},
): Promise<Outcome> {
  const command = args.length > 0 ? args : ['drill', '--scenario', scenario, '--yes', '--json'];
  const child: ChildProcess = spawn(process.execPath, [join(root, 'bin/runbook.js'), ...command], {
    cwd: folder.path,
    env: {
      PATH: process.env.PATH,
      HOME: folder.path,
      NODE_COMPILE_CACHE: COMPILED,
      XDG_STATE_HOME: folder.path,
      RUNBOOK_STORE: folder.store,
      RUNBOOK_OPERATOR: 'crash-test',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const events: RunEvent[] = [];
  let isKilled = false;
  let stderr = '';
  child.stderr?.on('data', (chunk) => {
    stderr += String(chunk);
  });
  if (child.stdout) {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const event = JSON.parse(line) as RunEvent;
      if (typeof event.seq !== 'number') return;
      events.push(event);
      if (!killWhen(event)) return;
      // Twice would mean: at once.
      if (isKilled) return;
      isKilled = true;
      if (delayMs === 0) child.kill(how);
      else setTimeout(() => child.kill(how), delayMs);
    });
  }
  return new Promise((resolve) =>
    child.on('close', (exitCode, signal) => resolve({ exitCode, signal, events, stderr })),
  );
}

export interface Ending {
  readonly state: RunState;
  readonly events: readonly RunEvent[];
  readonly world: WorldFacts;
  readonly secretKey: string;
  /** What must be the same whatever was killed. */
  readonly comparable: Json;
}

export async function readEnding(folder: Folder): Promise<Ending> {
  const journal = await openSqliteJournal({ file: folder.store, redactor: createRedactor() });
  const [run] = await journal.runs();
  if (!run) throw new Error('no run');
  const state = initialState();
  const events: RunEvent[] = [];
  for await (const event of journal.read(run.id)) {
    events.push(event);
    evolve(state, event);
  }
  const verified = await journal.verify(run.id);
  if (verified.brokenAt !== undefined) throw new Error(`the chain is broken at ${verified.brokenAt}`);
  await journal.close();
  const worldFile = state.created?.drill?.worldFile;
  if (worldFile === undefined) throw new Error(`no world file among ${readdirSync(folder.path).join()}`);
  const world = await startWorld({ stateFile: join(folder.path, 'drills', worldFile) });
  const facts = world.facts();
  const { secretKey } = world;
  await world.stop();
  return { state, events, secretKey, world: facts, comparable: comparableOf(state, facts) };
}

/** What happened since depends on how long the work took, which a kill makes longer. */
function fromStart(ms: number): string {
  return ms < 0 ? `start ${ms} ms` : 'after the start';
}

/** Times are told from the world's start: two worlds of one seed differ in nothing else. */
function comparableOf(state: RunState, world: WorldFacts): Json {
  const facts = {
    status: state.outcome,
    steps: [...state.steps]
      .map(([path, step]) => ({ path, phase: step.phase, output: step.output ?? null }))
      .sort((a, b) => a.path.localeCompare(b.path)),
    changes: [...state.changes]
      .flatMap(([path, changes]) =>
        [...changes.values()].map((one) => `${path} ${one.verb} ${one.kind} ${one.id} ${one.outcome}`),
      )
      .sort(),
    users: world.concerned.map(({ id, banned, liveSessions }) => `${id} ${banned} ${liveSessions}`).sort(),
  };
  const text = JSON.stringify(facts)
    // Texts for people name the minute, which says nothing exact.
    .replace(/\d{4}-\d\d-\d\dT\d\d:\d\dZ/g, 'some minute')
    .replace(/"durationMs":\d+/g, '"durationMs":0')
    // Clerk tells a user's last activity by the day.
    .replace(/\d{4}-\d\d-\d\dT00:00:00\.000Z/g, 'some day')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (time) => fromStart(Date.parse(time) - world.startedAt));
  return JSON.parse(text) as Json;
}
