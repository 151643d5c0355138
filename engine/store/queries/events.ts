// Queries about events and the head of their chain, for any database.
import type { Kysely } from 'kysely';
import type { EventsTable, StoreSchema } from '../schema.ts';

type Db = Kysely<StoreSchema>;

/** Where the chain stands and who may go on with it: all an append has to know. */
export function selectHead(db: Db, runId: string) {
  return db
    .selectFrom('runs')
    .leftJoin('leases', 'leases.run_id', 'runs.id')
    .select(['runs.head_seq', 'runs.head_hash', 'runs.status', 'leases.holder', 'leases.token'])
    .where('runs.id', '=', runId);
}

export function insertEvent(db: Db, event: EventsTable) {
  return db.insertInto('events').values(event);
}

export function updateHead(
  db: Db,
  runId: string,
  head: { readonly head_seq: number; readonly head_hash: string; readonly status: string },
) {
  return db.updateTable('runs').set(head).where('id', '=', runId);
}

/** In order, from the one after `after`. */
export function selectEvents(db: Db, runId: string, after: number, limit: number) {
  return db
    .selectFrom('events')
    .selectAll()
    .where('run_id', '=', runId)
    .where('seq', '>', after)
    .orderBy('seq')
    .limit(limit);
}

export function selectHeadSeq(db: Db, runId: string) {
  return db.selectFrom('runs').select('head_seq').where('id', '=', runId);
}

/** What the run says its head is, and the last event there is, in one snapshot. */
export function selectHeadAndLast(db: Db, runId: string) {
  return db
    .selectFrom('runs')
    .select(({ selectFrom }) => [
      'runs.head_seq',
      'runs.head_hash',
      selectFrom('events')
        .select(({ fn }) => fn.max('events.seq').as('last'))
        .where('events.run_id', '=', runId)
        .as('last_seq'),
    ])
    .where('runs.id', '=', runId);
}

/** Other data in the place of an event's; its digest and hash still say where it stands, its salt no longer what it held. */
export function updateErased(db: Db, runId: string, seq: number, data: string) {
  return db.updateTable('events').set({ data, salt: '' }).where('run_id', '=', runId).where('seq', '=', seq);
}

export function deleteEvents(db: Db, runId: string) {
  return db.deleteFrom('events').where('run_id', '=', runId);
}
