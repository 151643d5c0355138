// Deletes runs that ended long ago, each exported first and read back.
import { rmSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { filesOfWorld, homeFolderOf } from '../../drill/world-files.ts';
import { messageOf, RunbookError } from '../../errors.ts';
import { foldRun } from '../../run/session.ts';
import { isWhole } from '../../store/check-run.ts';
import type { RunRow, Store } from '../../store/journal.ts';
import type { App, CommonOptions } from '../app.ts';
import { EXIT } from '../exit-codes.ts';
import { checkLines } from '../keeping/check-lines.ts';
import { existingJournal } from '../keeping/existing-store.ts';
import { exportRun } from '../keeping/export-run.ts';
import { isConfirmed } from '../runs/confirm.ts';
import { liveHolder } from '../runs/held-by.ts';
import { isUnfinished } from '../runs/unfinished.ts';
import { shownPath } from '../shown-path.ts';

interface PruneOptions extends CommonOptions {
  /** `180d`, `26w`. */
  readonly olderThan: string;
  readonly exportTo?: string;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

interface Old {
  readonly run: RunRow;
  readonly endedAt: string;
  /** Absolute; a drill's. */
  readonly worldFile: string | null;
}

export async function prune(app: App, options: PruneOptions): Promise<number> {
  const before = app.clock.now() - ageMs(options.olderThan);
  const store = await existingJournal(app);
  const old = await oldRuns(app, store, before);
  const folder = resolve(app.cwd, options.exportTo ?? join(app.project.stateFolder, 'exports'));
  const { print } = app.terminal;
  if (old.length === 0 || options.dryRun === true) {
    if (app.isJson) print(JSON.stringify({ runs: old.map(({ run }) => run.id), pruned: [], isDryRun: true }));
    else if (old.length === 0) print(`No run ended more than ${options.olderThan} ago.`);
    else for (const one of old) print(`Would go: ${describe(one)}`);
    return EXIT.done;
  }
  const message = `Delete ${old.length === 1 ? '1 run' : `${old.length} runs`} that ended more than ${options.olderThan} ago, each exported to ${shownPath(app.cwd, folder)} first?`;
  if (!(await isConfirmed(app, { message, yes: options.yes === true }))) {
    print('Nothing was deleted.');
    return EXIT.waiting;
  }
  return pruneAll({ app, store, folder }, old);
}

interface Place {
  readonly app: App;
  readonly store: Store;
  readonly folder: string;
}

async function pruneAll({ app, store, folder }: Place, old: readonly Old[]): Promise<number> {
  const { print, tell } = app.terminal;
  const before = (await store.facts()).sizeBytes;
  const gone: { readonly run: string; readonly file: string }[] = [];
  const kept: { readonly run: string; readonly why: string }[] = [];
  for (const one of old) {
    const { run } = one;
    const what = describe(one);
    const file = join(folder, `${run.id}.runbook.gz`);
    const check = await exportRun(app, store, run, file);
    const why = !isWhole(check)
      ? `what was exported does not verify:\n${checkLines(run.id, check, app.terminal.errorPalette).slice(1, -1).join('\n')}`
      : (await store.remove(run.id, run.headSeq))
        ? null
        : 'it has gone on meanwhile';
    if (why === null) {
      if (one.worldFile !== null) removeWorld(app, one.worldFile);
      gone.push({ run: run.id, file });
      if (!app.isJson) print(`Deleted ${what}; kept in ${shownPath(app.cwd, file)}`);
    } else {
      kept.push({ run: run.id, why });
      if (!app.isJson) tell(`Kept ${run.id}: ${why}`);
    }
  }
  if (!(await store.compact()) && !app.isJson)
    tell('Other processes use the store: its space is free for new runs, but its file stays as large as it is');
  const after = (await store.facts()).sizeBytes;
  if (app.isJson) print(JSON.stringify({ pruned: gone, kept, sizeBytes: { before, after } }));
  else
    print(
      `${gone.length} of ${old.length} deleted. The store has ${megabytes(after)} now, it had ${megabytes(before)}.`,
    );
  return kept.length === 0 ? EXIT.done : EXIT.failed;
}

/** What cannot be removed is named: the run is gone by now. */
function removeWorld({ terminal }: App, worldFile: string): void {
  for (const left of [...filesOfWorld(worldFile), homeFolderOf(worldFile)]) {
    try {
      rmSync(left, { force: true, recursive: true });
    } catch (error) {
      terminal.tell(`${left} is left: ${messageOf(error)}`);
    }
  }
}

/** Oldest first. A list's status only chooses which journals to read: those say whether a run has ended. */
async function oldRuns(app: App, store: Store, before: number): Promise<Old[]> {
  const found: Old[] = [];
  for (const run of await store.runs()) {
    if (isUnfinished(run) || Date.parse(run.createdAt) >= before) continue;
    const { endedAt, undo, created } = await foldRun({
      journal: store,
      runId: run.id,
      clock: app.clock,
      keepsOutput: () => false,
    });
    if (endedAt === null || undo !== null || Date.parse(endedAt) >= before) continue;
    if ((await liveHolder(store, run.id, app.clock.now())) !== null) continue;
    const world = created?.drill?.worldFile;
    const worldFile = world === undefined ? null : join(app.project.stateFolder, 'drills', basename(world));
    found.push({ run, endedAt, worldFile });
  }
  return found.reverse();
}

function describe({ run, endedAt, worldFile }: Old): string {
  const size = worldFile === null ? null : statSync(worldFile, { throwIfNoEntry: false })?.size;
  const world = size === undefined || size === null ? '' : ' and its world';
  return `${run.isDrill ? 'the drill' : 'the run'} ${run.id} of ${run.playbook} (${run.status}, ended ${endedAt.slice(0, 10)})${world}`;
}

const UNIT_MS: { readonly [unit: string]: number } = { h: 3_600_000, d: 86_400_000, w: 604_800_000 };

function ageMs(text: string): number {
  const [, count, unit = ''] = /^(\d{1,5})(h|d|w)$/.exec(text) ?? [];
  const ms = Number(count) * (UNIT_MS[unit] ?? Number.NaN);
  if (ms > 0) return ms;
  throw new RunbookError({
    code: 'E_USAGE',
    message: `--older-than takes a time such as 180d, 26w or 48h, not ${text}`,
    hint: 'runbook prune --older-than 180d --dry-run shows what would go',
  });
}

function megabytes(bytes: number): string {
  return `${(bytes / 1_048_576).toFixed(1)} MB`;
}
