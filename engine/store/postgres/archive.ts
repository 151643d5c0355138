// Whole runs in PostgreSQL: read as they are stored, written as they were exported, deleted.
import type { RestoredRun, StoredEvent, StoredPart } from '../journal.ts';
import { heldError, isLive } from '../lease.ts';
import { deleteBlobs, insertBlobPart, selectPartsAfter } from '../queries/blobs.ts';
import { deleteEvents, insertEvent } from '../queries/events.ts';
import { deleteLease, selectLease } from '../queries/leases.ts';
import { deleteRun, insertRun, selectRun } from '../queries/runs.ts';
import { runExistsError } from '../refusals.ts';
import { eventRow, isPart, partRow, restoredRow, storedPart } from '../stored-run.ts';
import type { StoreClock } from './clock.ts';
import type { PostgresConnection } from './connection.ts';
import { lockRuns } from './queries.ts';

/** A part has up to 1 MB. */
const PAGE_PARTS = 4;

export async function* readParts(
  connection: PostgresConnection,
  runId: string,
): AsyncGenerator<StoredPart, void, undefined> {
  let after = { name: '', part: -1 };
  for (;;) {
    const page = (await connection.all(selectPartsAfter(connection.db, runId, after, PAGE_PARTS))).map(storedPart);
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE_PARTS) return;
    after = { name: last.name, part: last.part };
  }
}

/** Durable when it resolves. */
export function restoreRun(
  connection: PostgresConnection,
  run: RestoredRun,
  content: () => AsyncIterable<StoredEvent | StoredPart>,
): Promise<void> {
  const { db } = connection;
  let isTried = false;
  return connection.write(async (transaction) => {
    const row = insertRun(db, restoredRow(run)).onConflict((conflict) => conflict.doNothing());
    if ((await transaction.run(row)) === 0) {
      const stored = await transaction.first(selectRun(db, run.id));
      // There since an earlier try, whose connection was lost: that try had written it.
      if (isTried && stored?.head_hash === run.headHash) return;
      throw runExistsError(run.id);
    }
    isTried = true;
    // Each is waited for, so that what is read does not gather here.
    for await (const one of content()) {
      if (isPart(one)) await transaction.run(insertBlobPart(db, partRow(run.id, one)));
      else await transaction.run(insertEvent(db, eventRow(one)));
    }
  });
}

export function removeRun(
  connection: PostgresConnection,
  { runId, headSeq }: { readonly runId: string; readonly headSeq: number },
  clock: StoreClock,
): Promise<boolean> {
  const { db } = connection;
  let wasThere = false;
  return connection.write(async (transaction) => {
    const [, run, lease, now] = await Promise.all([
      transaction.all(lockRuns(db, [runId])),
      transaction.first(selectRun(db, runId)),
      transaction.first(selectLease(db, runId)),
      clock(transaction),
    ]);
    // Gone since an earlier try, whose connection was lost: that try had removed it.
    if (!run) return wasThere;
    if (run.head_seq !== headSeq) return false;
    if (lease && isLive(lease, now, 'shared')) throw heldError(lease);
    wasThere = true;
    for (const query of [deleteBlobs(db, runId), deleteEvents(db, runId), deleteLease(db, runId), deleteRun(db, runId)])
      transaction.send(query);
    return true;
  });
}
