// What a PostgreSQL store says of itself.
import { sql } from 'kysely';
import type { StoreFacts } from '../journal.ts';
import { countRuns } from '../queries/runs.ts';
import { type PostgresConnection, STORE_SCHEMA } from './connection.ts';

export async function storeFacts(connection: PostgresConnection): Promise<StoreFacts> {
  const { db, address } = connection;
  const [server, runs] = await Promise.all([
    connection.first(
      db.selectNoFrom([
        sql<string>`current_setting('server_version')`.as('version'),
        sql<string>`current_setting('fsync')`.as('fsync'),
        sql<string>`current_setting('full_page_writes')`.as('full_page_writes'),
        sql<boolean>`pg_is_in_recovery()`.as('is_standby'),
        sql<number>`(select coalesce(sum(pg_total_relation_size(c.oid)), 0)::float8 from pg_class c
          join pg_namespace n on n.oid = c.relnamespace where n.nspname = ${STORE_SCHEMA} and c.relkind = 'r')`.as(
          'size',
        ),
      ]),
    ),
    connection.first(countRuns(db)),
  ]);
  const problems = [
    ...(server?.fsync === 'off' ? ['fsync is off: a power cut of the server can lose or damage runs'] : []),
    ...(server?.full_page_writes === 'off' ? ['full_page_writes is off: a power cut can damage pages'] : []),
    ...(server?.is_standby ? ['it is a standby: nothing can be written here'] : []),
  ];
  return {
    kind: 'postgres',
    place: address.shown,
    // Distributions add their own words in brackets.
    engine: `PostgreSQL ${server?.version.split(' ')[0] ?? ''}`,
    sizeBytes: server?.size ?? 0,
    // The driver gives a count as text: it may be larger than a number.
    runs: Number(runs?.count ?? 0),
    problems,
  };
}
