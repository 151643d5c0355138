// The store: whether it can be opened and written, is whole, private, and has room.
import { accessSync, constants, existsSync, statfsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { RunbookError } from '../../errors.ts';
import type { Store } from '../../store/journal.ts';
import type { App } from '../app.ts';
import { isUnfinished } from '../runs/unfinished.ts';
import { brokenBy, type Finding } from './finding.ts';

const ABOUT = 'store';
const MEGABYTE = 1_048_576;
/** Evidence of one step may have 100 MB, and is in the log and the file for a moment. */
const LEAST_FREE_BYTES = 250 * MEGABYTE;
const LITTLE_FREE_BYTES = 1_000 * MEGABYTE;

/** Makes and changes nothing. */
export async function checkStore(app: App): Promise<Finding[]> {
  let file: string;
  try {
    if (app.project.storeUrl !== null) return await checkServer(app);
    file = app.project.storeFile;
  } catch (error) {
    return [brokenBy(ABOUT, error)];
  }
  return [...(await checkContent(app, file)), ...checkPlace(file), ...checkPrivacy(file)];
}

async function checkServer(app: App): Promise<Finding[]> {
  try {
    return await checkFacts(await app.journal({ mustExist: true }));
  } catch (error) {
    // The server answered: there is only no store in it yet.
    if (error instanceof RunbookError && error.code === 'E_STORE_MISSING')
      return [{ about: ABOUT, level: 'ok', text: `${error.message}; the first run makes it` }];
    throw error;
  }
}

async function checkContent(app: App, file: string): Promise<Finding[]> {
  if (!existsSync(file))
    return [{ about: ABOUT, level: 'ok', text: `${file} is not there yet; the first run makes it` }];
  const { openSqliteJournal } = await import('../../store/sqlite/open.ts');
  let store: Store | null = null;
  try {
    store = await openSqliteJournal({ file, redactor: app.redactor, readOnly: true });
    return await checkFacts(store);
  } catch (error) {
    // It is only of an older version.
    const isOld = error instanceof RunbookError && error.code === 'E_STORE_READONLY' && error.cause === undefined;
    const finding = brokenBy(ABOUT, error);
    return [isOld ? { ...finding, level: 'warning' } : finding];
  } finally {
    await store?.close();
  }
}

/** What any store says of itself. */
async function checkFacts(store: Store): Promise<Finding[]> {
  const { kind, place, engine, sizeBytes, runs, problems } = await store.facts();
  const open = (await store.runs()).filter(isUnfinished).length;
  const size = `${(sizeBytes / MEGABYTE).toFixed(1)} MB, ${runs} ${runs === 1 ? 'run' : 'runs'}, ${open} unfinished`;
  return [
    { about: ABOUT, level: 'ok', text: `${place}: ${engine}, ${size}` },
    ...problems.map(
      (problem): Finding => ({
        about: ABOUT,
        level: 'broken',
        text: kind === 'sqlite' ? `${place} is damaged: ${problem}` : `${place}: ${problem}`,
        mend:
          kind === 'sqlite'
            ? 'Keep a copy of the file as it is, then restore it from a backup or import exported runs into a new store'
            : 'Tell whoever runs the server',
      }),
    ),
  ];
}

function checkPlace(file: string): Finding[] {
  const folder = nearestFolder(file);
  const findings: Finding[] = [];
  for (const path of [folder, file]) {
    if (!existsSync(path) || isWritable(path)) continue;
    findings.push({
      about: ABOUT,
      level: 'broken',
      text: `${path} may not be written: no run can be made or gone on with`,
      mend: `Give yourself the right to write it (chmod u+w ${path}), or name another store with RUNBOOK_STORE`,
    });
  }
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const text = `${Math.floor(free / MEGABYTE)} MB are free where the store lies`;
  if (free >= LITTLE_FREE_BYTES) return [...findings, { about: ABOUT, level: 'ok', text }];
  const mend = 'Free some space; runbook prune --older-than 180d exports and deletes old runs';
  return [
    ...findings,
    { about: ABOUT, level: free < LEAST_FREE_BYTES ? 'broken' : 'warning', text: `Only ${text}`, mend },
  ];
}

/** What runs hold is for the people who run them. */
function checkPrivacy(file: string): Finding[] {
  if (process.platform === 'win32') return [];
  const open = [file, `${file}-wal`, `${file}-shm`].filter((path) => (modeOf(path) & 0o077) !== 0);
  if (open.length === 0)
    return existsSync(file) ? [{ about: ABOUT, level: 'ok', text: 'Nobody else may read it' }] : [];
  return open.map((path) => ({
    about: ABOUT,
    level: 'warning',
    text: `Others of this machine may read ${path} (mode ${(modeOf(path) & 0o777).toString(8)})`,
    mend: `chmod 600 ${path}`,
  }));
}

function modeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mode ?? 0;
}

function nearestFolder(file: string): string {
  let folder = dirname(file);
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

function isWritable(path: string): boolean {
  try {
    accessSync(path, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
