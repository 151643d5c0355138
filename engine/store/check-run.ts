// A whole run checked: its chain, the blobs that its events refer to, and what somebody noted of its head.
import { isJsonObject, type JsonObject } from '../json.ts';
import type { Anchor } from './anchor.ts';
import { blobRefsOf } from './blob-refs.ts';
import type { Store, StoredEvent, StoredPart, Verification } from './journal.ts';
import { unknownRunError } from './refusals.ts';
import { type ExpectedHead, verifyRows } from './verify.ts';
import { type BlobVerification, verifyBlobs } from './verify-blobs.ts';

/** A run wherever it lies. */
export interface RunSource {
  rows(): AsyncIterable<StoredEvent>;
  blobParts(): AsyncIterable<StoredPart>;
  readonly expected: ExpectedHead;
}

export interface RunCheck {
  readonly chain: Verification;
  readonly blobs: BlobVerification;
  /** Absent: none was given. */
  readonly anchor?: Anchor & { readonly holds: boolean };
  readonly redactions: readonly FoundRedaction[];
}

export interface FoundRedaction {
  /** Of the event that says so. */
  readonly by: string;
  readonly at: string;
  readonly saidIn: number;
  readonly seq: number;
  readonly paths: readonly string[];
  readonly reason: string;
}

export function isWhole({ chain, blobs, anchor }: RunCheck): boolean {
  return chain.brokenAt === undefined && blobs.problems.length === 0 && anchor?.holds !== false;
}

export async function checkRun(source: RunSource, anchor?: Anchor): Promise<RunCheck> {
  const needed = new Map<string, number>();
  const redactions: FoundRedaction[] = [];
  let holds = anchor?.seq === 0;
  const chain = await verifyRows(source.rows, source.expected, (event) => {
    if (anchor !== undefined && event.hash === anchor.hash && (anchor.seq ?? event.seq) === event.seq) holds = true;
    const data = dataOf(event);
    for (const { blob } of blobRefsOf(data)) if (!needed.has(blob)) needed.set(blob, event.seq);
    if (event.type === 'event.redacted') redactions.push(redactionOf(event, data));
  });
  const blobs = await verifyBlobs(source.blobParts(), needed);
  return { chain, blobs, redactions, ...(anchor === undefined ? {} : { anchor: { ...anchor, holds } }) };
}

/**
 * A run of a store as it stands now. Others may append meanwhile: an event behind the head counts as added only where the
 * head does not follow.
 */
export async function storedRun(store: Store, runId: string): Promise<RunSource> {
  for (;;) {
    const head = await headOf(store, runId);
    let lastSeq = head.seq;
    for await (const { seq } of store.rows(runId, { after: head.seq, limit: 1 })) lastSeq = seq;
    if (lastSeq > head.seq && (await headOf(store, runId)).seq > head.seq) continue;
    return {
      rows: () => store.rows(runId, { limit: head.seq }),
      blobParts: () => store.blobParts(runId),
      expected: { ...head, lastSeq },
    };
  }
}

async function headOf(store: Store, runId: string): Promise<{ readonly seq: number; readonly hash: string }> {
  const row = (await store.runs({ idPrefix: runId })).find(({ id }) => id === runId);
  if (row === undefined) throw unknownRunError(runId);
  return { seq: row.headSeq, hash: row.headHash };
}

function dataOf({ data }: StoredEvent): JsonObject {
  try {
    const value: unknown = JSON.parse(data);
    return isJsonObject(value) ? value : {};
  } catch {
    return {};
  }
}

function redactionOf(event: StoredEvent, { seq, paths, by, reason }: JsonObject): FoundRedaction {
  return {
    saidIn: event.seq,
    at: event.at,
    seq: Number(seq),
    by: String(by),
    reason: String(reason),
    paths: Array.isArray(paths) ? paths.map(String) : [],
  };
}
