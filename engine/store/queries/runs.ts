// Queries about runs, for any database: built here, executed by the store that has the connection.
import type { Kysely } from 'kysely';
import type { RunRow } from '../journal.ts';
import type { RunsTable, StoreSchema } from '../schema.ts';

type Db = Kysely<StoreSchema>;

export function insertRun(db: Db, run: RunsTable) {
  return db.insertInto('runs').values(run);
}

export function selectRun(db: Db, runId: string) {
  return db.selectFrom('runs').selectAll().where('id', '=', runId);
}

/** Newest first. A prefix is a range of the primary key, so that it costs what it finds. */
export function selectRuns(
  db: Db,
  filter: { readonly playbook?: string; readonly limit?: number; readonly idPrefix?: string },
) {
  let query = db.selectFrom('runs').selectAll().orderBy('created_at', 'desc').orderBy('id', 'desc');
  if (filter.playbook !== undefined) query = query.where('playbook', '=', filter.playbook);
  if (filter.idPrefix !== undefined && filter.idPrefix !== '') {
    query = query.where('id', '>=', filter.idPrefix).where('id', '<', `${filter.idPrefix}\u{10FFFF}`);
  }
  return filter.limit === undefined ? query : query.limit(filter.limit);
}

export function runRow(row: RunsTable): RunRow {
  return {
    id: row.id,
    playbook: row.playbook,
    createdAt: row.created_at,
    isDrill: row.is_drill === 1,
    status: row.status,
    headSeq: row.head_seq,
    headHash: row.head_hash,
  };
}

export function deleteRun(db: Db, runId: string) {
  return db.deleteFrom('runs').where('id', '=', runId);
}

export function countRuns(db: Db) {
  return db.selectFrom('runs').select(({ fn }) => fn.countAll<number>().as('count'));
}
