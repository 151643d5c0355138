// Brings a PostgreSQL store to this engine's schema: the same migrations as SQLite's, in the database schema `runbook`.
// Where it is up to date already nothing is loaded, and no right to make tables is needed.
import { type Compilable, type InferResult, Kysely, PostgresDialect, sql } from 'kysely';
import type { PoolClient } from 'pg';
import { messageOf, RunbookError } from '../../errors.ts';
import { POSTGRES_FLAVOUR } from '../migrations/flavour.ts';
import { SCHEMA_NEEDS, SCHEMA_VERSION } from '../migrations/version.ts';
import type { StoreSchema } from '../schema.ts';
import { type PostgresConnection, STORE_SCHEMA } from './connection.ts';
import { isDatabaseFailure } from './errors.ts';

/** 'Rnbk', as in the header of a SQLite store. Any number will do that no other program locks in the same database. */
const MIGRATION_LOCK = 0x526e_626b;

type Ask = <Q extends Compilable<unknown>>(query: Q) => Promise<InferResult<Q>>;

export type SchemaState = 'absent' | 'older' | 'current';

/**
 * What there is. Changes nothing.
 * @throws E_STORE_NEWER, E_STORE_FOREIGN, E_STORE_UNREADABLE
 */
export function schemaState(connection: PostgresConnection): Promise<SchemaState> {
  return stateOf(connection, (query) => connection.tryAll(query));
}

/** Brings the schema up to date, in one transaction; does nothing where another process was faster. */
export async function migrate(connection: PostgresConnection): Promise<void> {
  const [{ Migrator }, { migrationProvider }] = await Promise.all([
    import('kysely/migration'),
    import('../migrations/list.ts'),
  ]);
  await connection.exclusive(async (client) => {
    const db = onClient(client);
    try {
      // Another process may be doing the same: the lock comes first, then the second look. It ends with the transaction.
      await sql`select pg_advisory_xact_lock(${MIGRATION_LOCK})`.execute(db);
      // Safe: the rows of the very query, executed by Kysely itself here.
      const state = await stateOf(connection, async (query) => (await db.executeQuery(query.compile())).rows as never);
      if (state === 'current') return;
      await sql`create schema if not exists ${sql.id(STORE_SCHEMA)}`.execute(db);
      await sql`set local search_path to ${sql.id(STORE_SCHEMA)}`.execute(db);
      const migrator = new Migrator({
        db,
        provider: migrationProvider(POSTGRES_FLAVOUR),
        migrationTableSchema: STORE_SCHEMA,
      });
      // All migrations and the new version number are one transaction, ours.
      const { error } = await migrator.migrateToLatest({ disableTransactions: true });
      if (error !== undefined) throw error;
      const meta = { schema: SCHEMA_VERSION, needs: SCHEMA_NEEDS };
      await db
        .insertInto('store')
        .values({ id: 1, ...meta })
        .onConflict((conflict) => conflict.column('id').doUpdateSet(meta))
        .execute();
    } catch (cause) {
      if (cause instanceof RunbookError || isDatabaseFailure(cause)) throw cause;
      throw new RunbookError({
        code: 'E_STORE',
        message: `The store ${connection.address.shown} could not be brought up to date: ${messageOf(cause)}`,
        cause,
      });
    }
  });
}

async function stateOf({ db, address }: PostgresConnection, ask: Ask): Promise<SchemaState> {
  const [found] = await ask(
    db.selectNoFrom([
      sql<boolean>`exists (select from pg_tables where schemaname = ${STORE_SCHEMA})`.as('has_tables'),
      sql<boolean>`exists (select from pg_tables where schemaname = ${STORE_SCHEMA} and tablename = 'store')`.as(
        'has_store',
      ),
      sql<string>`current_setting('server_encoding')`.as('encoding'),
    ]),
  );
  if (found?.encoding !== 'UTF8') throw encodingError(address.shown, found?.encoding);
  if (!found.has_store) {
    if (found.has_tables) throw foreignError(address.shown);
    return 'absent';
  }
  const [store] = await ask(db.selectFrom('store').select(['schema', 'needs']).where('id', '=', 1));
  if (!store) throw foreignError(address.shown);
  if (store.schema > SCHEMA_VERSION) throw newerError(address.shown, store);
  return store.schema === SCHEMA_VERSION ? 'current' : 'older';
}

/** Kysely on one connection, inside a transaction that it does not know of. */
function onClient(client: PoolClient): Kysely<StoreSchema> {
  return new Kysely<StoreSchema>({
    dialect: new PostgresDialect({
      pool: {
        connect: async () => ({
          // Safe: no cursor is ever asked for, so it is always a text with parameters.
          query: ((text: string, parameters: readonly unknown[]) => client.query(text, [...parameters])) as never,
          release: () => undefined,
        }),
        end: async () => undefined,
        options: {},
      },
    }),
  });
}

export function absentError(shown: string): RunbookError {
  return new RunbookError({
    code: 'E_STORE_MISSING',
    message: `The database ${shown} holds no store yet`,
    hint: 'Correct the address, or start a run: the first runbook run makes the store there',
  });
}

function encodingError(shown: string, encoding: string | undefined): RunbookError {
  return new RunbookError({
    code: 'E_STORE_UNREADABLE',
    message: `The database ${shown} keeps text as ${encoding}, which cannot hold every character`,
    hint: "Make one that keeps UTF8: create database NAME encoding 'UTF8' template template0",
  });
}

function foreignError(shown: string): RunbookError {
  return new RunbookError({
    code: 'E_STORE_FOREIGN',
    message: `The schema ${STORE_SCHEMA} of ${shown} is another program's; it was left as it is`,
    hint: 'Name another database with RUNBOOK_STORE',
  });
}

function newerError(
  shown: string,
  { schema, needs }: { readonly schema: number; readonly needs: string },
): RunbookError {
  return new RunbookError({
    code: 'E_STORE_NEWER',
    message: `The store ${shown} needs runbook ${needs} or newer (its schema is ${schema}, this one knows ${SCHEMA_VERSION})`,
    hint: `Install runbook ${needs}; the store was left as it is`,
  });
}
