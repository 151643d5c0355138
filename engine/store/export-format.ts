// The file that a run is exported to: gzip'd lines of JSON, so that another program can read it with a few lines of code.
//
//   {"format":"runbook-export-1","run":"<id>","head":{"seq":n,"hash":"<hex>"},"exportedAt":"<ISO 8601>","engine":"<version>"}
//   {"event":{"seq","at","actor","type","v","step","data","salt","digest","hash"}}    each event, in order; `data` is the stored
//                                                                                   text itself: see chain.ts
//   {"report":"<Markdown>"}                                                          for people; nothing proves it
//   {"blob":"<name>","part":n,"salt":"<hex>"|null,"data":"<base64>"}                 parts of up to 1 MB, by name and part; blob.ts
//   {"end":{"events":n,"parts":n}}                                                   a file without it was cut off
//
// The playbook's text, those it calls, and contacts stand in the first event; leases are not exported.
import { RunbookError } from '../errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../json.ts';
import type { StoredEvent, StoredPart } from './journal.ts';

export const EXPORT_FORMAT = 'runbook-export-1';

export interface ExportHeader {
  readonly run: string;
  readonly head: { readonly seq: number; readonly hash: string };
  readonly exportedAt: string;
  /** Version of the engine that wrote it. */
  readonly engine: string;
}

export type ExportEntry =
  | { readonly kind: 'event'; readonly event: StoredEvent }
  | { readonly kind: 'report'; readonly markdown: string }
  | { readonly kind: 'part'; readonly part: StoredPart }
  | { readonly kind: 'end'; readonly events: number; readonly parts: number };

export function headerLine({ run, head, exportedAt, engine }: ExportHeader): string {
  return JSON.stringify({ format: EXPORT_FORMAT, run, head, exportedAt, engine });
}

export function entryLine(entry: ExportEntry): string {
  switch (entry.kind) {
    case 'event': {
      const { runId: _, ...event } = entry.event;
      return JSON.stringify({ event });
    }
    case 'report':
      return JSON.stringify({ report: entry.markdown });
    case 'part': {
      const { name, part, salt, data } = entry.part;
      const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
      return JSON.stringify({ blob: name, part, salt, data: bytes.toString('base64') });
    }
    case 'end':
      return JSON.stringify({ end: { events: entry.events, parts: entry.parts } });
  }
}

/** @throws E_EXPORT_INVALID */
export function parseHeader(line: string): ExportHeader {
  const value = parseLine(line, 1);
  const { format, run, exportedAt, engine } = value;
  const head = isJsonObject(value.head) ? value.head : {};
  if (format !== EXPORT_FORMAT)
    throw invalid(
      1,
      typeof format === 'string' && format.startsWith('runbook-export-')
        ? `its format is ${format}, which this version does not know`
        : 'it is no export of runbook',
    );
  if (typeof run !== 'string' || typeof head.seq !== 'number' || typeof head.hash !== 'string')
    throw invalid(1, 'it does not say which run it holds');
  return { run, head: { seq: head.seq, hash: head.hash }, exportedAt: text(exportedAt), engine: text(engine) };
}

/** @param number of the line, from 1. @throws E_EXPORT_INVALID */
export function parseEntry(line: string, number: number, runId: string): ExportEntry {
  const value = parseLine(line, number);
  if (isJsonObject(value.event)) return { kind: 'event', event: parseEvent(value.event, number, runId) };
  if (typeof value.report === 'string') return { kind: 'report', markdown: value.report };
  if (isJsonObject(value.end)) {
    const { events, parts } = value.end;
    if (typeof events === 'number' && typeof parts === 'number') return { kind: 'end', events, parts };
  }
  const { blob, part, salt, data } = value;
  if (typeof blob === 'string' && typeof part === 'number' && typeof data === 'string')
    return {
      kind: 'part',
      part: { name: blob, part, salt: typeof salt === 'string' ? salt : null, data: Buffer.from(data, 'base64') },
    };
  throw invalid(number, 'it holds something unknown');
}

function parseEvent(value: JsonObject, number: number, runId: string): StoredEvent {
  const { seq, at, actor, type, v, step, data, salt, digest, hash } = value;
  if (
    typeof seq === 'number' &&
    typeof at === 'string' &&
    typeof actor === 'string' &&
    typeof type === 'string' &&
    typeof v === 'number' &&
    (typeof step === 'string' || step === null) &&
    typeof data === 'string' &&
    typeof salt === 'string' &&
    typeof digest === 'string' &&
    typeof hash === 'string'
  )
    return { runId, seq, at, actor, type, v, step, data, salt, digest, hash };
  throw invalid(number, 'it holds an event that is not whole');
}

function parseLine(line: string, number: number): JsonObject {
  try {
    const value: unknown = JSON.parse(line);
    if (isJsonObject(value)) return value;
  } catch {
    // Said below, with the number of the line.
  }
  throw invalid(number, 'it is no JSON object');
}

function text(value: Json | undefined): string {
  return typeof value === 'string' ? value : '';
}

function invalid(line: number, reason: string): RunbookError {
  return new RunbookError({
    code: 'E_EXPORT_INVALID',
    message: `This is no export that can be read, at line ${line}: ${reason}`,
    hint: 'Copy the file again, or export the run again with this version or a newer one',
  });
}
