// Leases in SQLite: each decision and its write are one transaction.
import type { Fence, LeaseHolder, LeaseInfo } from '../journal.ts';
import { heldError, isReplaceable, leaseInfo, lostError, newLease, renewal } from '../lease.ts';
import { deleteUnendedBlobs } from '../queries/blobs.ts';
import * as queries from '../queries/leases.ts';
import { selectRun } from '../queries/runs.ts';
import { unknownRunError } from '../refusals.ts';
import type { SqliteConnection } from './connection.ts';

export function acquireLease(
  connection: SqliteConnection,
  runId: string,
  holder: LeaseHolder,
  now: () => number,
): Fence {
  const { db } = connection;
  return connection.write(() => {
    const run = connection.first(selectRun(db, runId));
    if (!run) throw unknownRunError(runId);
    const current = connection.first(queries.selectLease(db, runId));
    if (current && !isReplaceable(current, holder, now())) throw heldError(current);
    const token = run.lease_token + 1;
    connection.run(queries.deleteLease(db, runId));
    connection.run(queries.insertLease(db, newLease(runId, holder, token, now())));
    connection.run(queries.updateLeaseToken(db, runId, token));
    // Whoever wrote them has lost the lease.
    connection.run(deleteUnendedBlobs(db, runId));
    return { holder: holder.id, token };
  });
}

export function renewLease(connection: SqliteConnection, runId: string, fence: Fence, now: () => number): void {
  const renewed = connection.write(() =>
    connection.run(queries.renewLease(connection.db, runId, fence, renewal(now()))),
  );
  if (renewed === 0) throw lostError(runId);
}

export function releaseLease(connection: SqliteConnection, runId: string, fence: Fence): void {
  connection.write(() => connection.run(queries.releaseLease(connection.db, runId, fence)));
}

export function readLease(connection: SqliteConnection, runId: string): LeaseInfo | null {
  const lease = connection.first(queries.selectLease(connection.db, runId));
  return lease ? leaseInfo(lease) : null;
}
