// Walks a run's chain, wherever its rows come from: a database or an exported file.
import { brokenLink, type ChainLink, digestData, GENESIS_HASH, hashEvent } from './chain.ts';
import type { Verification } from './journal.ts';
import type { EventsTable } from './schema.ts';

/** What the run itself says its end is. */
export interface ExpectedHead {
  readonly seq: number;
  readonly hash: string;
  /** Of the last event there is: shows what was put behind the head. */
  readonly lastSeq: number;
}

/**
 * Walks twice: an event that values were erased from is checked against what the newest `event.redacted` says of it, and
 * that stands further on. Both walks see events up to the run's head.
 * @param rows the run's events up to `expected.seq`, in order; called once for each walk.
 * @param expected shows events cut off or put at the end, unless it was changed too (only an anchor outside the store shows
 *   that).
 * @param onLink told of each event that follows from the one before.
 */
export async function verifyRows(
  rows: () => AsyncIterable<ChainLink>,
  expected: ExpectedHead,
  onLink: (link: ChainLink) => void = () => undefined,
): Promise<Verification> {
  const redactions = await findRedactions(rows());
  const redacted: number[] = [];
  let last = { seq: 0, hash: GENESIS_HASH };
  const broken = (brokenAt: number, reason: string): Verification => ({
    events: last.seq,
    head: last.hash,
    brokenAt,
    reason,
    ...(redacted.length === 0 ? {} : { redacted }),
  });
  for await (const link of rows()) {
    const redaction = redactions.get(link.seq);
    const reason = redaction === undefined ? brokenLink(last, link) : brokenRedaction(last, link, redaction);
    if (reason !== undefined) return broken(last.seq + 1, explain(reason, link));
    if (redaction !== undefined) redacted.push(link.seq);
    onLink(link);
    last = { seq: link.seq, hash: link.hash };
  }
  if (last.seq < expected.seq) return broken(last.seq + 1, `event ${last.seq + 1} is missing`);
  if (expected.lastSeq > expected.seq) return broken(expected.seq + 1, 'it was added behind the head of the run');
  if (last.hash !== expected.hash) return broken(last.seq, 'the head of the run has another hash');
  return { events: last.seq, head: last.hash, ...(redacted.length === 0 ? {} : { redacted }) };
}

export async function* chainLinks(rows: AsyncIterable<EventsTable>): AsyncGenerator<ChainLink, void, undefined> {
  for await (const { run_id: runId, ...row } of rows) yield { runId, ...row };
}

interface Redaction {
  readonly newSalt: string;
  readonly newDigest: string;
}

const REDACTED = 'event.redacted';

/** The newest of each event. Only what comes after an event can say something of it. */
async function findRedactions(rows: AsyncIterable<ChainLink>): Promise<ReadonlyMap<number, Redaction>> {
  const found = new Map<number, Redaction>();
  for await (const link of rows) {
    if (link.type !== REDACTED) continue;
    const said = parse(link.data);
    const { seq, newSalt, newDigest } = said;
    if (typeof seq !== 'number' || typeof newSalt !== 'string' || typeof newDigest !== 'string') continue;
    if (seq < link.seq) found.set(seq, { newSalt, newDigest });
  }
  return found;
}

function brokenRedaction(
  previous: { readonly seq: number; readonly hash: string },
  link: ChainLink,
  { newSalt, newDigest }: Redaction,
): string | undefined {
  if (link.seq !== previous.seq + 1) return `event ${previous.seq + 1} is missing`;
  if (hashEvent(previous.hash, link, link.digest) !== link.hash)
    return 'its hash does not follow from the event before';
  if (digestData(newSalt, link.data) !== newDigest) return 'its data is not what was left after values were erased';
  return undefined;
}

/** What a person wants to know first of the event that pins the playbook. */
function explain(reason: string, { type, data, salt }: ChainLink): string {
  if (salt === '') return `${reason}: values were erased from it without a trace`;
  if (type !== 'run.created' || !reason.startsWith('its data')) return reason;
  const { playbook } = parse(data);
  return playbook === undefined ? reason : `${reason} (it holds the text of the playbook)`;
}

function parse(data: string): { readonly [key: string]: unknown } {
  try {
    const value: unknown = JSON.parse(data);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
}
