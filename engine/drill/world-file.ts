// The world's file: a header line, then one line a mutation, appended before the request that caused it is answered. So a
// process killed at any moment finds its world as the last answer left it. Writes are not synced to the disk: the file
// must outlive its process, not a power cut.
import { closeSync, existsSync, fstatSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { messageOf, RunbookError } from '../errors.ts';
import { isJsonObject } from '../json.ts';
import type { Keys } from './keys.ts';
import type { Scenario } from './scenario.ts';
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
  return existsSync(path) && readFileSync(path).includes(0x0a);
}

/** Makes the file. Mode 0600, because it holds the drill's keys. */
export function createWorldFile(path: string, header: Omit<WorldHeader, 'format'>): WorldFile {
  const full: WorldHeader = { format: FORMAT, ...header };
  const descriptor = openOrExplain(path, 'w');
  writeAll(descriptor, `${JSON.stringify(full)}\n`);
  return { path, header: full, mutations: [], append: appender(descriptor), close: () => closeSync(descriptor) };
}

/** Makes the world new: the same people, keys and ports, and nothing has happened yet. */
export function resetWorldFile(path: string, startedAt: number): void {
  const before = openWorldFile(path);
  before.close();
  const { format, ...header } = before.header;
  const file = createWorldFile(path, { ...header, startedAt });
  const served = before.mutations.findLast(({ type }) => type === 'world.served');
  if (served !== undefined) file.append({ ...served, at: startedAt });
  file.close();
}

/**
 * Opens an existing file. A torn last line (the process was killed while writing it, so nobody was answered) is cut off.
 * @throws RunbookError E_WORLD_FILE where a line before the last cannot be read, or the header is not a world's.
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
  const descriptor = openOrExplain(path, 'a');
  if (fstatSync(descriptor).size > length) ftruncateSync(descriptor, length);
  return {
    path,
    header: first,
    mutations: rest as Mutation[], // Written by `append` below, by this format's version.
    append: appender(descriptor),
    close: () => closeSync(descriptor),
  };
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

/** All of a mutation or, where the disk refuses it, nothing: a line cut in the middle would spoil those after it. */
function appender(descriptor: number): (mutation: Mutation) => void {
  return (mutation) => {
    const size = fstatSync(descriptor).size;
    try {
      writeAll(descriptor, `${JSON.stringify(mutation)}\n`);
    } catch (error) {
      ftruncateSync(descriptor, size);
      throw error;
    }
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
