// Queries about blobs, for any database. A blob lies in parts, so that no row is larger than PART_BYTES.
import type { Kysely } from 'kysely';
import type { BlobsTable, StoreSchema } from '../schema.ts';

type Db = Kysely<StoreSchema>;

export const PART_BYTES = 1024 * 1024;
/** Begins the names of blobs that have not ended; none of hex digits does. */
export const UNENDED = '~';
const ANY_UNENDED = `${UNENDED}%`;

export function insertBlobPart(db: Db, part: BlobsTable) {
  return db.insertInto('blobs').values(part);
}

export function selectBlobParts(db: Db, runId: string, digest: string) {
  return db
    .selectFrom('blobs')
    .select(['salt', 'data'])
    .where('run_id', '=', runId)
    .where('digest', '=', digest)
    .orderBy('part');
}

/** The part behind that one, -1 for the first. */
export function selectNextPart(db: Db, runId: string, digest: string, after: number) {
  return db
    .selectFrom('blobs')
    .select(['part', 'salt', 'data'])
    .where('run_id', '=', runId)
    .where('digest', '=', digest)
    .where('part', '>', after)
    .orderBy('part')
    .limit(1);
}

/** Parts of any ended blob of the run, by name and part, behind the one given. */
export function selectPartsAfter(
  db: Db,
  runId: string,
  after: { readonly name: string; readonly part: number },
  limit: number,
) {
  return db
    .selectFrom('blobs')
    .select(['digest', 'part', 'salt', 'data'])
    .where('run_id', '=', runId)
    .where('digest', 'not like', ANY_UNENDED)
    .where(({ or, and, eb }) =>
      or([eb('digest', '>', after.name), and([eb('digest', '=', after.name), eb('part', '>', after.part)])]),
    )
    .orderBy('digest')
    .orderBy('part')
    .limit(limit);
}

export function deleteBlob(db: Db, runId: string, digest: string) {
  return db.deleteFrom('blobs').where('run_id', '=', runId).where('digest', '=', digest);
}

export function renameBlob(db: Db, runId: string, { from, to }: { readonly from: string; readonly to: string }) {
  return db.updateTable('blobs').set({ digest: to }).where('run_id', '=', runId).where('digest', '=', from);
}

/** What writers that are gone left behind. */
export function deleteUnendedBlobs(db: Db, runId: string) {
  return db.deleteFrom('blobs').where('run_id', '=', runId).where('digest', 'like', ANY_UNENDED);
}

export function deleteBlobs(db: Db, runId: string) {
  return db.deleteFrom('blobs').where('run_id', '=', runId);
}
