// Writing a run to a file and reading it from there, a line at a time: evidence of 100 MB needs a few megabytes of memory.
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { messageOf, RunbookError } from '../errors.ts';
import {
  type ExportEntry,
  type ExportHeader,
  entryLine,
  headerLine,
  parseEntry,
  parseHeader,
} from './export-format.ts';
import type { Store, StoredEvent, StoredPart } from './journal.ts';

export interface ExportRequest {
  readonly runId: string;
  readonly head: { readonly seq: number; readonly hash: string };
  readonly report: string;
  readonly engine: string;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/**
 * Writes the file (0600), whole or not at all; one that is there is replaced.
 * @throws E_EXPORT_WRITE
 */
export async function writeExport(store: Store, request: ExportRequest, file: string): Promise<void> {
  const unfinished = join(dirname(file), `.${basename(file)}.${process.pid}.part`);
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    await pipeline(
      Readable.from(exportLines(store, request), { objectMode: true }),
      createGzip(),
      createWriteStream(unfinished, { mode: 0o600, flush: true }),
    );
    await rename(unfinished, file);
  } catch (cause) {
    // What could not be made cannot be removed either.
    await rm(unfinished, { force: true }).catch(() => undefined);
    if (cause instanceof RunbookError) throw cause;
    throw new RunbookError({
      code: 'E_EXPORT_WRITE',
      message: `Cannot write the export ${file}: ${messageOf(cause)}`,
      hint: 'Name a file in a folder you may write, on a disk with free space',
      cause,
    });
  }
}

async function* exportLines(store: Store, request: ExportRequest): AsyncGenerator<string, void> {
  const { runId, head, report, engine } = request;
  yield `${headerLine({ run: runId, head, engine, exportedAt: new Date(request.now).toISOString() })}\n`;
  let events = 0;
  // What was appended meanwhile is behind this head.
  for await (const event of store.rows(runId, { limit: head.seq })) {
    events += 1;
    yield `${entryLine({ kind: 'event', event })}\n`;
  }
  yield `${entryLine({ kind: 'report', markdown: report })}\n`;
  let parts = 0;
  for await (const part of store.blobParts(runId)) {
    parts += 1;
    yield `${entryLine({ kind: 'part', part })}\n`;
  }
  yield `${entryLine({ kind: 'end', events, parts })}\n`;
}

/** An exported run. Each walk reads the file anew. */
export interface ExportedRun {
  readonly header: ExportHeader;
  /** As far as the events go. */
  rows(): AsyncIterable<StoredEvent>;
  /** @throws E_EXPORT_INVALID where the file ends before its end */
  blobParts(): AsyncIterable<StoredPart>;
  content(): AsyncIterable<StoredEvent | StoredPart>;
}

/** @throws E_EXPORT_READ, E_EXPORT_INVALID */
export async function openExport(file: string): Promise<ExportedRun> {
  const header = await readHeader(file);
  const entries = () => readEntries(file, header.run);
  return {
    header,
    async *rows() {
      for await (const entry of entries()) {
        if (entry.kind !== 'event') return;
        yield entry.event;
      }
    },
    async *blobParts() {
      for await (const entry of entries()) if (entry.kind === 'part') yield entry.part;
    },
    async *content() {
      for await (const entry of entries()) {
        if (entry.kind === 'event') yield entry.event;
        else if (entry.kind === 'part') yield entry.part;
      }
    },
  };
}

async function readHeader(file: string): Promise<ExportHeader> {
  for await (const line of readLines(file)) return parseHeader(line);
  throw cutOff(file);
}

async function* readEntries(file: string, runId: string): AsyncGenerator<ExportEntry, void> {
  let number = 0;
  let events = 0;
  let parts = 0;
  let hasEnd = false;
  for await (const line of readLines(file)) {
    number += 1;
    if (number === 1) continue;
    const entry = parseEntry(line, number, runId);
    if (entry.kind === 'event') events += 1;
    if (entry.kind === 'part') parts += 1;
    if (entry.kind === 'end') {
      if (entry.events !== events || entry.parts !== parts) throw cutOff(file);
      hasEnd = true;
    }
    yield entry;
  }
  if (!hasEnd) throw cutOff(file);
}

/** A part of a blob takes 1.4 MB, an event's data not much more; a line beyond this is no line of ours. */
const LONGEST_LINE = 64 * 1024 * 1024;

async function* readLines(file: string): AsyncGenerator<string, void> {
  const source = createReadStream(file);
  const unzipped = createGunzip();
  // pipe() tells the reader nothing of what went wrong before it.
  source.once('error', (error) => unzipped.destroy(error));
  try {
    let pieces: string[] = [];
    let length = 0;
    for await (const chunk of source.pipe(unzipped).setEncoding('utf8')) {
      const lines = String(chunk).split('\n');
      for (const [index, piece] of lines.entries()) {
        pieces.push(piece);
        length += piece.length;
        if (length > LONGEST_LINE) throw invalid(file, 'it holds a line that is far too long');
        if (index === lines.length - 1) break;
        yield pieces.join('');
        pieces = [];
        length = 0;
      }
    }
    if (length > 0) yield pieces.join('');
  } catch (cause) {
    throw readError(file, cause);
  } finally {
    source.destroy();
    unzipped.destroy();
  }
}

function readError(file: string, cause: unknown): unknown {
  if (cause instanceof RunbookError || !(cause instanceof Error) || !('code' in cause)) return cause;
  const code = String(cause.code);
  if (code === 'Z_BUF_ERROR') return cutOff(file);
  if (code.startsWith('Z_')) return invalid(file, `it is not gzip, or was changed (${cause.message})`);
  return new RunbookError({
    code: 'E_EXPORT_READ',
    message: `Cannot read the export ${file}: ${cause.message}`,
    hint: 'Name a file that runbook export wrote',
    cause,
  });
}

function cutOff(file: string): RunbookError {
  return invalid(file, 'it was cut off');
}

function invalid(file: string, reason: string): RunbookError {
  return new RunbookError({
    code: 'E_EXPORT_INVALID',
    message: `${file} is no whole export of a run: ${reason}`,
    hint: 'Copy the file again, or export the run again',
  });
}
