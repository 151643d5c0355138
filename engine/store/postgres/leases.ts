// Leases in PostgreSQL: each decision and its write are one transaction. Done twice, each comes to the same.
import type { Fence, LeaseHolder, LeaseInfo } from '../journal.ts';
import { heldError, isReplaceable, leaseInfo, lostError, newLease, renewal } from '../lease.ts';
import { deleteUnendedBlobs } from '../queries/blobs.ts';
import * as queries from '../queries/leases.ts';
import { selectRun } from '../queries/runs.ts';
import { unknownRunError } from '../refusals.ts';
import type { StoreClock } from './clock.ts';
import type { PostgresConnection } from './connection.ts';
import { lockRuns } from './queries.ts';

export function acquireLease(
  connection: PostgresConnection,
  runId: string,
  holder: LeaseHolder,
  clock: StoreClock,
): Promise<Fence> {
  const { db } = connection;
  return connection.write(async (transaction) => {
    const [, run, current, now] = await Promise.all([
      transaction.all(lockRuns(db, [runId])),
      transaction.first(selectRun(db, runId)),
      // Locked, for its holder may be renewing it at this moment without the lock of the run.
      transaction.first(queries.selectLease(db, runId).forUpdate()),
      clock(transaction),
    ]);
    if (!run) throw unknownRunError(runId);
    if (current && !isReplaceable(current, holder, now, 'shared')) throw heldError(current);
    const token = run.lease_token + 1;
    transaction.send(queries.deleteLease(db, runId));
    transaction.send(queries.insertLease(db, newLease(runId, holder, token, now)));
    transaction.send(queries.updateLeaseToken(db, runId, token));
    // Whoever wrote them has lost the lease.
    transaction.send(deleteUnendedBlobs(db, runId));
    return { holder: holder.id, token };
  });
}

export async function renewLease(
  connection: PostgresConnection,
  runId: string,
  fence: Fence,
  clock: StoreClock,
): Promise<void> {
  const renewed = await connection.write(async (transaction) => {
    const now = await clock(transaction);
    return transaction.run(queries.renewLease(connection.db, runId, fence, renewal(now)));
  });
  if (renewed === 0) throw lostError(runId);
}

export async function releaseLease(connection: PostgresConnection, runId: string, fence: Fence): Promise<void> {
  const { db } = connection;
  await connection.write(async (transaction) => {
    transaction.send(lockRuns(db, [runId]));
    transaction.send(queries.releaseLease(db, runId, fence));
  });
}

export async function readLease(connection: PostgresConnection, runId: string): Promise<LeaseInfo | null> {
  const lease = await connection.first(queries.selectLease(connection.db, runId));
  return lease ? leaseInfo(lease, 'shared') : null;
}
