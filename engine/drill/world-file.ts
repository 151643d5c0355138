// The world's file: a header line, then one line a mutation, appended before the request that caused it is answered. So a
// process killed at any moment finds its world as the last answer left it. Writes are not synced to the disk: the file
// must outlive its process, not a power cut.
import {
  closeSync,
  existsSync,
  fstatSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  writeSync,
} from 'node:fs';
import { messageOf, RunbookError } from '../errors.ts';
import { isJsonObject } from '../json.ts';
import type { Keys } from './keys.ts';
import { parseScenario, type Scenario } from './scenario.ts';
import type { Mutation } from './state/mutation.ts';

const FORMAT = 'runbook-world/1';

export interface WorldHeader {
  readonly format: typeof FORMAT;
  /** Tells this world from every other. */
  readonly id: string;
  readonly seed: number;
  readonly startedAt: number;
  /** The whole scenario: resuming needs no other file, and a file changed since changes nothing here. */
  readonly scenario: Scenario;
  readonly keys: Keys;
  /** How much faster than the machine's its time runs; 1 if absent. */
  readonly speed?: number;
}

export interface WorldFile {
  readonly path: string;
  readonly header: WorldHeader;
  /** What happened before this process. */
  readonly mutations: readonly Mutation[];
  /** Returns when the mutation is in the file. */
  append(mutation: Mutation): void;
  close(): void;
}

/** Whether a world is there to resume. A file that was cut off within its header holds none yet. */
export function worldFileExists(path: string): boolean {
  if (!existsSync(path)) return false;
  const descriptor = openOrExplain(path, 'r');
  try {
    const chunk = Buffer.alloc(64 * 1024);
    for (let length = readSync(descriptor, chunk); length > 0; length = readSync(descriptor, chunk)) {
      if (chunk.subarray(0, length).includes(0x0a)) return true;
    }
    return false;
  } finally {
    closeSync(descriptor);
  }
}

/** Makes the file. Mode 0600, because it holds the drill's keys. */
export function createWorldFile(path: string, header: Omit<WorldHeader, 'format'>): WorldFile {
  const full: WorldHeader = { format: FORMAT, ...header };
  const descriptor = openOrExplain(path, 'w');
  writeAll(descriptor, `${JSON.stringify(full)}\n`);
  return { path, header: full, mutations: [], ...writer(path, descriptor) };
}

/** Makes the world new: the same people, keys and ports, and nothing has happened yet. A kill leaves the old or the new one. */
export function resetWorldFile(path: string, startedAt: number): void {
  const before = openWorldFile(path);
  before.close();
  const { format, ...header } = before.header;
  const beside = `${path}.new`;
  const file = createWorldFile(beside, { ...header, startedAt });
  try {
    const served = before.mutations.findLast(({ type }) => type === 'world.served');
    if (served !== undefined) file.append({ ...served, at: startedAt });
  } finally {
    file.close();
  }
  renameSync(beside, path);
}

/** A scenario as it comes back from a file: what is not set is not there. */
export function asWritten(scenario: Scenario): unknown {
  return JSON.parse(JSON.stringify(scenario));
}

/**
 * Opens an existing file. A torn last line (the process was killed while writing it, so nobody was answered) is cut off.
 * @throws RunbookError E_WORLD_FILE where a line before the last cannot be read, the header is not a world's, or its scenario
 * is none that this version knows.
 */
export function openWorldFile(path: string): WorldFile {
  const bytes = readFileSync(path);
  const length = bytes.lastIndexOf(0x0a) + 1;
  const lines = bytes.subarray(0, length).toString('utf8').split('\n').slice(0, -1);
  const [first, ...rest] = lines.map((line, index) => parseLine(path, line, index + 1));
  if (!isHeader(first)) {
    throw new RunbookError({
      code: 'E_WORLD_FILE',
      message: `${path} is not a drill world's file (its first line is no ${FORMAT} header)`,
      hint: 'Name another file, or delete this one to start anew.',
    });
  }
  const header = { ...first, scenario: completed(path, first.scenario) };
  const descriptor = openOrExplain(path, 'a');
  if (fstatSync(descriptor).size > length) ftruncateSync(descriptor, length);
  return {
    path,
    header,
    mutations: rest as Mutation[], // Written by `append` below, by this format's version.
    ...writer(path, descriptor),
  };
}

/** With the defaults of what scenarios did not have yet when the file was made. */
function completed(path: string, scenario: Scenario): Scenario {
  try {
    return parseScenario(JSON.stringify(scenario), path);
  } catch (cause) {
    throw new RunbookError({
      code: 'E_WORLD_FILE',
      message: `${path}:1: this version cannot read the scenario of the world there: ${messageOf(cause)}`,
      hint: 'Another version of runbook made the file. Go on with that version, or delete the file to start anew.',
      cause,
    });
  }
}

function openOrExplain(path: string, flags: string): number {
  try {
    return openSync(path, flags, 0o600);
  } catch (cause) {
    throw new RunbookError({
      code: 'E_WORLD_FILE',
      message: `Cannot open the world's file ${path}: ${messageOf(cause)}`,
      cause,
    });
  }
}

/**
 * Appends all of a mutation or, where the disk refuses it, nothing: a line cut in the middle would spoil those after it. A
 * closed file takes nothing more: its descriptor may be another file's by then.
 */
function writer(path: string, descriptor: number): Pick<WorldFile, 'append' | 'close'> {
  let isClosed = false;
  return {
    append: (mutation) => {
      if (isClosed) throw new Error(`The world of ${path} has stopped: ${mutation.type} was not written`);
      const size = fstatSync(descriptor).size;
      try {
        writeAll(descriptor, `${JSON.stringify(mutation)}\n`);
      } catch (error) {
        ftruncateSync(descriptor, size);
        throw error;
      }
    },
    close: () => {
      if (isClosed) return;
      isClosed = true;
      closeSync(descriptor);
    },
  };
}

/** A write may be cut short; the rest follows. */
function writeAll(descriptor: number, text: string): void {
  const bytes = Buffer.from(text);
  for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written);
}

function parseLine(path: string, line: string, number: number): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw new RunbookError({
      code: 'E_WORLD_FILE',
      message: `${path}:${number}: not JSON: ${messageOf(cause)}`,
      hint: 'The file was changed by something else than a drill. Start the drill anew.',
      cause,
    });
  }
}

function isHeader(value: unknown): value is WorldHeader {
  return isJsonObject(value) && value.format === FORMAT && isJsonObject(value.scenario) && isJsonObject(value.keys);
}
