// Whole runs in SQLite: read as they are stored, written as they were exported, deleted.
import type { RestoredRun, StoredEvent, StoredPart } from '../journal.ts';
import { heldError, isLive } from '../lease.ts';
import { deleteBlobs, insertBlobPart, selectPartsAfter } from '../queries/blobs.ts';
import { deleteEvents, insertEvent } from '../queries/events.ts';
import { deleteLease, selectLease } from '../queries/leases.ts';
import { deleteRun, insertRun, selectRun } from '../queries/runs.ts';
import { runExistsError } from '../refusals.ts';
import { eventRow, isPart, partRow, restoredRow, storedPart } from '../stored-run.ts';
import type { SqliteConnection } from './connection.ts';

/** A part has up to 1 MB. */
const PAGE_PARTS = 4;

export async function* readParts(connection: SqliteConnection, runId: string): AsyncGenerator<StoredPart, void> {
  let after = { name: '', part: -1 };
  for (;;) {
    const page = connection.all(selectPartsAfter(connection.db, runId, after, PAGE_PARTS)).map(storedPart);
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE_PARTS) return;
    after = { name: last.name, part: last.part };
  }
}

/** Durable when it resolves. Other processes' writes wait meanwhile. */
export function restoreRun(
  connection: SqliteConnection,
  run: RestoredRun,
  content: () => AsyncIterable<StoredEvent | StoredPart>,
): Promise<void> {
  const { db } = connection;
  return connection.writeSlowly(async () => {
    if (connection.first(selectRun(db, run.id))) throw runExistsError(run.id);
    connection.run(insertRun(db, restoredRow(run)));
    for await (const one of content()) {
      if (isPart(one)) connection.run(insertBlobPart(db, partRow(run.id, one)));
      else connection.run(insertEvent(db, eventRow(one)));
    }
  });
}

export function removeRun(connection: SqliteConnection, runId: string, headSeq: number, now: number): boolean {
  const { db } = connection;
  return connection.write(() => {
    const run = connection.first(selectRun(db, runId));
    if (!run || run.head_seq !== headSeq) return false;
    const lease = connection.first(selectLease(db, runId));
    if (lease && isLive(lease, now)) throw heldError(lease);
    for (const query of [deleteBlobs(db, runId), deleteEvents(db, runId), deleteLease(db, runId), deleteRun(db, runId)])
      connection.run(query);
    return true;
  });
}
