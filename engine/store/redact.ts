// Erasing a value from a run: what would be erased, and doing it. Which values may go is for the caller to say; this knows
// no meaning of an event beyond where blobs are referred to.
import { RunbookError } from '../errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../json.ts';
import type { Actor, Draft } from '../run/events.ts';
import { blobRefsOf, type FoundRef } from './blob-refs.ts';
import { digestData } from './chain.ts';
import { createEraser, type Erased, eraseAt, type Path, pathText, TOMBSTONE } from './erase.ts';
import type { Fence, Store, StoredEvent } from './journal.ts';
import { createSaltSource } from './salt.ts';

/** A value wherever it stands, or whatever stands at a place. */
export type Erasure = { readonly value: string } | { readonly seq: number; readonly path: Path };

export interface ErasedEvent {
  readonly seq: number;
  readonly type: string;
  readonly step: string | null;
  /** In its data. */
  readonly paths: readonly string[];
}

export interface ErasedBlob {
  readonly name: string;
  /** As the person named the file that it was. */
  readonly file?: string;
  readonly sizeBytes: number;
  /** Events that refer to it; none: what a crash left behind. */
  readonly seqs: readonly number[];
}

export interface RedactionPlan {
  readonly events: readonly ErasedEvent[];
  readonly blobs: readonly ErasedBlob[];
  /** Events whose actor or step holds the value: the chain covers these themselves, so they stay. */
  readonly heads: readonly number[];
}

/** @throws E_REDACT_PLACE where there is nothing at the place. */
export async function planRedaction(store: Store, runId: string, erasure: Erasure): Promise<RedactionPlan> {
  const work = eraserOf(erasure);
  const events: ErasedEvent[] = [];
  const heads: number[] = [];
  const refs = new Map<string, { readonly ref: FoundRef; readonly seqs: number[] }>();
  /** Erased by their place. */
  const named = new Set<string>();
  for await (const event of store.rows(runId)) {
    const data = dataOf(event);
    for (const ref of blobRefsOf(data)) {
      const known = refs.get(ref.blob);
      if (known) known.seqs.push(event.seq);
      else refs.set(ref.blob, { ref, seqs: [event.seq] });
      if (work.isNamed(event.seq, ref)) named.add(ref.blob);
    }
    const { paths } = work.event(event.seq, data);
    if (event.type === 'event.redacted' && paths.some((path) => PROOFS.has(path))) throw neededProof(runId, event.seq);
    if (paths.length > 0) events.push({ seq: event.seq, type: event.type, step: event.step, paths });
    if (work.text(event.actor) !== event.actor || (event.step !== null && work.text(event.step) !== event.step))
      heads.push(event.seq);
  }
  if ('seq' in erasure && events.length === 0 && named.size === 0) throw noPlace(runId, erasure);
  const blobs: ErasedBlob[] = [];
  for await (const { name, bytes } of wholeBlobs(store, runId)) {
    const known = refs.get(name);
    const isJson = known?.ref.mediaType === 'application/json';
    if (!named.has(name) && work.blob(bytes, isJson) === null) continue;
    const file = known?.ref.name;
    const seqs = known?.seqs ?? [];
    blobs.push({ name, sizeBytes: bytes.length, seqs, ...(file === undefined ? {} : { file: work.text(file) }) });
  }
  return { events, blobs, heads };
}

export interface Redaction {
  readonly runId: string;
  readonly fence: Fence;
  readonly erasure: Erasure;
  readonly plan: RedactionPlan;
  readonly reason: string;
  readonly by: string;
  /** Sees the events as they would be, in order, and throws where they must not become that. */
  readonly check: (events: AsyncIterable<StoredEvent>) => Promise<void>;
}

/** Durable when it resolves. Erased is only what `plan` names. @throws E_LEASE_LOST, and what `check` throws */
export async function applyRedaction(store: Store, redaction: Redaction): Promise<void> {
  const { runId, fence, erasure, plan, by } = redaction;
  const work = eraserOf(erasure);
  const salt = createSaltSource();
  const replaced = await replaceBlobs(store, redaction, work);
  const touched = new Set([...plan.events.map(({ seq }) => seq), ...plan.blobs.flatMap(({ seqs }) => seqs)]);
  const changed = new Map<number, Erased<string>>();
  for await (const event of store.rows(runId)) {
    if (touched.has(event.seq)) changed.set(event.seq, erasedData(event, work, replaced));
  }
  await redaction.check(withData(store.rows(runId), changed));
  const actor: Actor = `person:${work.text(by)}`;
  const drafts = [...changed].map(([seq, { value, paths }]): Draft => {
    const newSalt = salt();
    const what = { seq, paths, newSalt, newDigest: digestData(newSalt, value) };
    return {
      type: 'event.redacted',
      actor,
      data: { ...what, reason: work.text(redaction.reason), by: work.text(by) },
    };
  });
  await store.redact({
    runId,
    fence,
    events: [...changed].map(([seq, { value }]) => ({ seq, data: value })),
    removedBlobs: plan.blobs.map(({ name }) => name),
    drafts,
  });
}

/** The new blobs stand beside the old ones until the events refer to them. @returns the new refs by old name. */
async function replaceBlobs(
  store: Store,
  { runId, plan }: Redaction,
  work: EventEraser,
): Promise<ReadonlyMap<string, { readonly blob: string; readonly sizeBytes: number }>> {
  const replaced = new Map<string, { blob: string; sizeBytes: number }>();
  for (const { name, seqs } of plan.blobs) {
    const [first] = seqs;
    // Nothing refers to it: it only goes.
    if (first === undefined) continue;
    const bytes = await store.getBlob(runId, name);
    const isJson = await isJsonAt(store, runId, first, name);
    const left = work.blob(bytes, isJson) ?? Buffer.from(isJson ? JSON.stringify(TOMBSTONE) : TOMBSTONE);
    replaced.set(name, { blob: await store.putBlob(runId, left), sizeBytes: left.length });
  }
  return replaced;
}

async function isJsonAt(store: Store, runId: string, seq: number, blob: string): Promise<boolean> {
  for await (const event of store.rows(runId, { after: seq - 1, limit: 1 }))
    return blobRefsOf(dataOf(event)).find((ref) => ref.blob === blob)?.mediaType === 'application/json';
  return false;
}

function erasedData(
  event: StoredEvent,
  work: EventEraser,
  replaced: ReadonlyMap<string, { readonly blob: string; readonly sizeBytes: number }>,
): Erased<string> {
  const data = dataOf(event);
  const { value, paths } = work.event(event.seq, data);
  const refs = blobRefsOf(data).flatMap(({ blob, path }) => {
    const next = replaced.get(blob);
    return next === undefined ? [] : [{ path, next }];
  });
  const whole = refs.reduce<Json>((left, { path, next }) => merged(left, path, next), value);
  return {
    value: JSON.stringify(whole),
    paths: [...new Set([...paths, ...refs.map(({ path }) => pathText(path))])],
  };
}

function merged(value: Json, [key, ...rest]: Path, fields: JsonObject): Json {
  if (key === undefined) return isJsonObject(value) ? { ...value, ...fields } : value;
  if (Array.isArray(value))
    return value.map((item: Json, index) => (index === key ? merged(item, rest, fields) : item));
  if (!isJsonObject(value)) return value;
  return { ...value, [key]: merged(value[key] ?? null, rest, fields) };
}

async function* withData(
  rows: AsyncIterable<StoredEvent>,
  changed: ReadonlyMap<number, Erased<string>>,
): AsyncGenerator<StoredEvent, void> {
  for await (const row of rows) {
    const left = changed.get(row.seq);
    yield left === undefined ? row : { ...row, data: left.value };
  }
}

interface EventEraser {
  event(seq: number, data: JsonObject): Erased<Json>;
  /** @returns null where it holds nothing to erase. */
  blob(bytes: Uint8Array, isJson: boolean): Uint8Array | null;
  isNamed(seq: number, ref: FoundRef): boolean;
  text(value: string): string;
}

function eraserOf(erasure: Erasure): EventEraser {
  if ('value' in erasure) {
    const { text, json, bytes } = createEraser(erasure.value);
    return {
      text,
      event: (_seq, data) => json(data),
      blob: (held, isJson) => eraseBlob({ json, bytes }, held, isJson),
      isNamed: () => false,
    };
  }
  const { seq: wanted, path } = erasure;
  const isNamed = (seq: number, ref: FoundRef): boolean =>
    seq === wanted && (isWithin(path, ref.path) || isWithin(ref.path, path));
  return {
    text: (value) => value,
    event(seq, data) {
      if (seq !== wanted) return { value: data, paths: [] };
      const refs = blobRefsOf(data).filter((ref) => isNamed(seq, ref));
      if (refs.length === 0) return eraseAt(data, path);
      // A reference keeps its form: its blob is erased, and the name of the file that it was.
      const names = refs.filter(({ name }) => name !== undefined).map((ref) => [...ref.path, 'name']);
      const value = names.reduce<Json>((left, at) => eraseAt(left, at).value, data);
      return { value, paths: refs.map((ref) => pathText(ref.path)) };
    },
    blob: () => null,
    isNamed,
  };
}

function isWithin(path: Path, around: Path): boolean {
  return around.every((key, index) => path[index] === key);
}

function eraseBlob(
  { json, bytes }: Pick<ReturnType<typeof createEraser>, 'json' | 'bytes'>,
  held: Uint8Array,
  isJson: boolean,
): Uint8Array | null {
  if (!isJson) return bytes(held);
  try {
    // JSON.parse gives JSON.
    const { value, paths } = json(JSON.parse(Buffer.from(held).toString('utf8')) as Json);
    return paths.length === 0 ? bytes(held) : Buffer.from(JSON.stringify(value));
  } catch {
    return bytes(held);
  }
}

async function* wholeBlobs(
  store: Store,
  runId: string,
): AsyncGenerator<{ readonly name: string; readonly bytes: Buffer }, void> {
  let name: string | null = null;
  let parts: Uint8Array[] = [];
  for await (const part of store.blobParts(runId)) {
    if (name !== null && name !== part.name) {
      yield { name, bytes: Buffer.concat(parts) };
      parts = [];
    }
    name = part.name;
    parts.push(part.data);
  }
  if (name !== null) yield { name, bytes: Buffer.concat(parts) };
}

function dataOf(event: StoredEvent): JsonObject {
  const value: unknown = JSON.parse(event.data);
  return isJsonObject(value) ? value : {};
}

function noPlace(runId: string, { seq, path }: { readonly seq: number; readonly path: Path }): RunbookError {
  return new RunbookError({
    code: 'E_REDACT_PLACE',
    message: `Event ${seq} of run ${runId} has nothing at ${pathText(path)}`,
    hint: `runbook redact ${runId} --event ${seq} shows what it holds`,
  });
}

/** What proves an erased event must stay. */
const PROOFS: ReadonlySet<string> = new Set(['seq', 'newSalt', 'newDigest']);

function neededProof(runId: string, seq: number): RunbookError {
  return new RunbookError({
    code: 'E_REDACT_REFUSED',
    message: `Event ${seq} of run ${runId} proves what was left of another one, and that proof must stay`,
    hint: 'Nothing was erased. Its reason and its name can be',
  });
}
