// Erasing values from stored events, and from the bytes of the file.
import { RunbookError } from '../../errors.ts';
import type { RunEvent } from '../../run/events.ts';
import type { Redactor, RedactRequest } from '../journal.ts';
import { isHeldBy, lostError } from '../lease.ts';
import { deleteBlob } from '../queries/blobs.ts';
import { insertEvent, selectHead, updateErased, updateHead } from '../queries/events.ts';
import { unknownRunError } from '../refusals.ts';
import { eventOf, placeDraft, prepareDraft } from '../row.ts';
import type { SaltSource } from '../salt.ts';
import type { SqliteConnection } from './connection.ts';

/** Durable when it returns; what was replaced may lie in the files until `compact`. */
export function redactEvents(
  connection: SqliteConnection,
  { runId, fence, events, removedBlobs, drafts }: RedactRequest,
  context: { readonly redactor: Redactor; readonly now: () => number; readonly salt: SaltSource },
): readonly RunEvent[] {
  const { db } = connection;
  return connection.write(() => {
    const head = connection.first(selectHead(db, runId));
    if (!head) throw unknownRunError(runId);
    const { holder, token } = head;
    if (!isHeldBy(holder === null || token === null ? null : { holder, token }, fence)) throw lostError(runId);
    for (const { seq, data } of events) connection.run(updateErased(db, runId, seq, data));
    for (const name of removedBlobs) connection.run(deleteBlob(db, runId, name));
    const at = new Date(context.now()).toISOString();
    let last: { readonly seq: number; readonly hash: string } = { seq: head.head_seq, hash: head.head_hash };
    const rows = drafts.map((draft) => {
      const row = placeDraft(prepareDraft(draft, context.redactor, context.salt()), runId, at, last);
      connection.run(insertEvent(db, row));
      last = row;
      return row;
    });
    connection.run(updateHead(db, runId, { head_seq: last.seq, head_hash: last.hash, status: head.status }));
    return rows.map(eventOf);
  });
}

/**
 * What is replaced is overwritten in the file (secure_delete), but older pages stand in the log: the checkpoint empties it.
 * VACUUM writes every page of the file anew, whatever lay between its rows, and gives free space back.
 * @returns false where others use the file.
 */
export function compactFile(connection: SqliteConnection): boolean {
  try {
    // The checkpoint's first column tells whether a reader or a writer was in its way.
    return connection.raw((handle) => {
      handle.exec('VACUUM');
      return handle.pragma('wal_checkpoint(TRUNCATE)', { simple: true }) === 0;
    });
  } catch (error) {
    if (error instanceof RunbookError && error.code === 'E_STORE_BUSY') return false;
    throw error;
  }
}
