// Queries that only PostgreSQL needs: its row locks and its notifications.
import { type Kysely, sql } from 'kysely';
import type { EventsTable, StoreSchema } from '../schema.ts';

type Db = Kysely<StoreSchema>;

/** All notices of all runs go over one channel of the database; a payload is `SEQ RUN`. */
export const NEWS_CHANNEL = 'runbook_news';

/**
 * Locks the rows of runs until the transaction ends, always in the same order, so that two never wait for one another.
 * A weaker lock than FOR UPDATE: a blob on its way in (its foreign key locks the same row) does not hold up an append.
 * It gives only ids: what a statement that waited for a lock reads beside the locked row may be old, so the rest is
 * read by the next one.
 */
export function lockRuns(db: Db, runIds: readonly string[]) {
  return db.selectFrom('runs').select('id').where('id', 'in', runIds).orderBy('id').forNoKeyUpdate();
}

export function insertEvents(db: Db, events: readonly EventsTable[]) {
  return db.insertInto('events').values(events);
}

export function selectEventHash(db: Db, runId: string, seq: number) {
  return db.selectFrom('events').select('hash').where('run_id', '=', runId).where('seq', '=', seq);
}

/** The server delivers it when the transaction commits, and not at all where it does not. */
export function notifyNews(db: Db, runId: string, seq: number) {
  return db.selectNoFrom(sql`pg_notify(${NEWS_CHANNEL}, ${`${seq} ${runId}`})`.as('notified'));
}

export function selectHeadSeqs(db: Db, runIds: readonly string[]) {
  return db.selectFrom('runs').select(['id', 'head_seq']).where('id', 'in', runIds);
}
