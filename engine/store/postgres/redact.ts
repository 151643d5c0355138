// Erasing values from stored events, and from the tables' files.
import { RunbookError } from '../../errors.ts';
import type { RunEvent } from '../../run/events.ts';
import type { Redactor, RedactRequest } from '../journal.ts';
import { isHeldBy, lostError } from '../lease.ts';
import { deleteBlob } from '../queries/blobs.ts';
import { selectHead, updateErased, updateHead } from '../queries/events.ts';
import { unknownRunError } from '../refusals.ts';
import { eventOf, placeDraft, prepareDraft } from '../row.ts';
import type { SaltSource } from '../salt.ts';
import type { EventsTable } from '../schema.ts';
import type { StoreClock } from './clock.ts';
import { type PostgresConnection, STORE_SCHEMA } from './connection.ts';
import { insertEvents, lockRuns, notifyNews, selectEventHash } from './queries.ts';
import { LOCK_TIMEOUT_MS } from './settings.ts';

/** Durable when it returns; what was replaced may lie in the files until `compact`. */
export function redactEvents(
  connection: PostgresConnection,
  { runId, fence, events, removedBlobs, drafts }: RedactRequest,
  context: { readonly redactor: Redactor; readonly clock: StoreClock; readonly salt: SaltSource },
): Promise<readonly RunEvent[]> {
  const { db } = connection;
  /** What an earlier try may have committed before the connection was lost. */
  let tried: readonly EventsTable[] = [];
  return connection.write(async (transaction) => {
    const [, head, now] = await Promise.all([
      transaction.all(lockRuns(db, [runId])),
      transaction.first(selectHead(db, runId)),
      context.clock(transaction),
    ]);
    if (!head) throw unknownRunError(runId);
    const { holder, token } = head;
    if (!isHeldBy(holder === null || token === null ? null : { holder, token }, fence)) throw lostError(runId);
    const [first] = tried;
    if (first && (await transaction.first(selectEventHash(db, runId, first.seq)))?.hash === first.hash)
      return tried.map(eventOf);
    const at = new Date(now).toISOString();
    let last: { readonly seq: number; readonly hash: string } = { seq: head.head_seq, hash: head.head_hash };
    const rows = drafts.map((draft) => {
      const row = placeDraft(prepareDraft(draft, context.redactor, context.salt()), runId, at, last);
      last = row;
      return row;
    });
    tried = rows;
    for (const { seq, data } of events) transaction.send(updateErased(db, runId, seq, data));
    for (const name of removedBlobs) transaction.send(deleteBlob(db, runId, name));
    if (rows.length > 0) transaction.send(insertEvents(db, rows));
    transaction.send(updateHead(db, runId, { head_seq: last.seq, head_hash: last.hash, status: head.status }));
    transaction.send(notifyNews(db, runId, last.seq));
    return rows.map(eventOf);
  });
}

/**
 * Writes the tables anew: an UPDATE or DELETE leaves the old row where it was. The server's write-ahead log keeps it until
 * its files are reused (a checkpoint hastens that), and whatever was copied from it (archives, standbys, backups) for good:
 * that is the administrator's.
 * @returns false where others use the tables.
 */
export async function compactTables(connection: PostgresConnection): Promise<boolean> {
  try {
    await connection.alone(
      `set lock_timeout = ${LOCK_TIMEOUT_MS}`,
      // It takes all others' place while it runs, table by table.
      ...['events', 'blobs'].map((table) => `vacuum (full) ${STORE_SCHEMA}.${table}`),
      'reset lock_timeout',
    );
    return true;
  } catch (error) {
    if (error instanceof RunbookError && error.code === 'E_STORE_BUSY') return false;
    throw error;
  }
}
