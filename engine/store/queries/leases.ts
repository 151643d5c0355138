// Queries about leases, for any database.
import type { Kysely } from 'kysely';
import type { Fence } from '../journal.ts';
import type { LeasesTable, StoreSchema } from '../schema.ts';

type Db = Kysely<StoreSchema>;

export function selectLease(db: Db, runId: string) {
  return db.selectFrom('leases').selectAll().where('run_id', '=', runId);
}

export function deleteLease(db: Db, runId: string) {
  return db.deleteFrom('leases').where('run_id', '=', runId);
}

export function insertLease(db: Db, lease: LeasesTable) {
  return db.insertInto('leases').values(lease);
}

/** Tokens outlive the lease, so that the next one is always greater. */
export function updateLeaseToken(db: Db, runId: string, token: number) {
  return db.updateTable('runs').set({ lease_token: token }).where('id', '=', runId);
}

export function renewLease(
  db: Db,
  runId: string,
  fence: Fence,
  until: { readonly renewed_at: string; readonly expires_at: string },
) {
  return db
    .updateTable('leases')
    .set(until)
    .where('run_id', '=', runId)
    .where('holder', '=', fence.holder)
    .where('token', '=', fence.token);
}

export function releaseLease(db: Db, runId: string, fence: Fence) {
  return deleteLease(db, runId).where('holder', '=', fence.holder).where('token', '=', fence.token);
}
