// Queries about blobs, for any database. A blob lies in parts, so that no row is larger than PART_BYTES.
import type { Kysely } from 'kysely';
import type { BlobsTable, StoreSchema } from '../schema.ts';

type Db = Kysely<StoreSchema>;

export const PART_BYTES = 1024 * 1024;

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
