// Walks a run's chain, whichever database the rows come from.
import { brokenLink, type ChainLink, GENESIS_HASH } from './chain.ts';
import type { Verification } from './journal.ts';
import type { EventsTable } from './schema.ts';

/**
 * @param links the run's events up to `expected.seq`, in order.
 * @param expected what the run's own row says its head is, and the last event there is: they show events cut off or
 *   put at the end, unless that row was changed too (only an anchor outside the store shows that).
 */
export async function verifyChain(
  links: AsyncIterable<ChainLink>,
  expected: { readonly seq: number; readonly hash: string; readonly lastSeq: number },
): Promise<Verification> {
  let last = { seq: 0, hash: GENESIS_HASH };
  for await (const link of links) {
    const reason = brokenLink(last, link);
    if (reason !== undefined) {
      return { events: last.seq, head: last.hash, brokenAt: last.seq + 1, reason };
    }
    last = { seq: link.seq, hash: link.hash };
  }
  const verified = { events: last.seq, head: last.hash };
  if (last.seq < expected.seq) {
    return { ...verified, brokenAt: last.seq + 1, reason: `event ${last.seq + 1} is missing` };
  }
  if (expected.lastSeq > expected.seq) {
    return { ...verified, brokenAt: expected.seq + 1, reason: 'it was added behind the head of the run' };
  }
  if (last.hash !== expected.hash) {
    return { ...verified, brokenAt: last.seq, reason: 'the head of the run has another hash' };
  }
  return verified;
}

export async function* chainLinks(rows: AsyncIterable<EventsTable>): AsyncGenerator<ChainLink, void, undefined> {
  for await (const { run_id: runId, ...row } of rows) yield { runId, ...row };
}
