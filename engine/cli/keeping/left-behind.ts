// What still holds a value after it was erased from a run: the store's own bytes, other runs, files written of the run.
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Store } from '../../store/journal.ts';
import { planRedaction } from '../../store/redact.ts';
import type { App } from '../app.ts';
import { filesHolding } from './files-holding.ts';
import { reportFile } from './write-report.ts';

export interface LeftBehind {
  /** The value is in no event of the run and, where they could be searched, in no byte of the store's files. */
  readonly isGone: boolean;
  readonly isCompact: boolean;
  readonly isServer: boolean;
  /** The store's files were searched for the value. */
  readonly wasSearched: boolean;
  /** Files of the store that hold it. */
  readonly store: readonly string[];
  readonly runs: readonly string[];
  /** Written by other commands. */
  readonly files: readonly string[];
  /** Zipped, so not looked into. */
  readonly exports: readonly string[];
}

export interface Erased {
  readonly runId: string;
  /** null: it was erased by its place, and is not known. */
  readonly value: string | null;
  readonly isCompact: boolean;
  /** Of events that keep it as who or which step they are of. */
  readonly heads: readonly number[];
}

export async function leftBehind(app: App, store: Store, erased: Erased): Promise<LeftBehind> {
  const { runId, value, isCompact } = erased;
  const { kind } = await store.facts();
  const held = value === null ? [] : filesHolding(value, await filesOf(store));
  return {
    isGone: isCompact && held.length === 0 && erased.heads.length === 0,
    isCompact,
    isServer: kind === 'postgres',
    wasSearched: value !== null && kind === 'sqlite',
    store: held,
    runs: value === null || held.length === 0 ? [] : await otherRunsHolding(store, runId, value),
    files: value === null ? [] : filesHolding(value, [reportFile(app, runId)]),
    exports: exportsOf(app, runId),
  };
}

/** The files of a store that has any of its own. */
export async function filesOf(store: Store): Promise<readonly string[]> {
  const { kind, place } = await store.facts();
  return kind === 'sqlite' ? [place, `${place}-wal`, `${place}-shm`] : [];
}

async function otherRunsHolding(store: Store, runId: string, value: string): Promise<string[]> {
  const found: string[] = [];
  for (const { id } of await store.runs()) {
    if (id === runId) continue;
    const { events, blobs, heads } = await planRedaction(store, id, { value });
    if (events.length + blobs.length + heads.length > 0) found.push(id);
  }
  return found;
}

function exportsOf({ project }: App, runId: string): string[] {
  const folder = join(project.stateFolder, 'exports');
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => name.startsWith(`${runId}.`))
    .map((name) => join(folder, name));
}
