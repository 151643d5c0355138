// Brings a SQLite store to this engine's schema. PRAGMA user_version tells at once whether there is anything to do;
// the migrator and the migrations are loaded only then.
import { messageOf, RunbookError } from '../../errors.ts';
import { SQLITE_FLAVOUR } from '../migrations/flavour.ts';
import { SCHEMA_NEEDS, SCHEMA_VERSION } from '../migrations/version.ts';
import type { SqliteConnection } from './connection.ts';
import { storeError } from './errors.ts';

/** 'Rnbk': in the file's header, so that it is never taken for, or made of, another program's database. */
const APPLICATION_ID = 0x526e_626b;

/**
 * Whether the store has this engine's schema. Changes nothing.
 * @throws E_STORE_NEWER, E_STORE_FOREIGN
 */
export function isSchemaCurrent(connection: SqliteConnection): boolean {
  const { handle, file } = connection;
  const version = Number(handle.pragma('user_version', { simple: true }));
  const application = Number(handle.pragma('application_id', { simple: true }));
  if (application !== APPLICATION_ID) {
    const isEmpty = handle.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;
    if (!isEmpty || version !== 0 || application !== 0) throw foreignError(file);
  }
  if (version > SCHEMA_VERSION) throw newerError(connection, version);
  return version === SCHEMA_VERSION;
}

/** Brings the schema up to date, in one transaction; does nothing where another process was faster. */
export async function migrate(connection: SqliteConnection): Promise<void> {
  const [{ Migrator }, { migrationProvider }] = await Promise.all([
    import('kysely/migration'),
    import('../migrations/list.ts'),
  ]);
  const { handle, db, file } = connection;
  try {
    // Another process may be doing the same: the lock comes first, then the second look.
    handle.exec('BEGIN IMMEDIATE');
    if (!isSchemaCurrent(connection)) {
      // All migrations and the new version number are one transaction, ours.
      const migrator = new Migrator({ db, provider: migrationProvider(SQLITE_FLAVOUR) });
      const { error } = await migrator.migrateToLatest({ disableTransactions: true });
      if (error !== undefined) throw error;
      const meta = { schema: SCHEMA_VERSION, needs: SCHEMA_NEEDS };
      connection.run(
        db
          .insertInto('store')
          .values({ id: 1, ...meta })
          .onConflict((conflict) => conflict.column('id').doUpdateSet(meta)),
      );
      handle.pragma(`application_id = ${APPLICATION_ID}`);
      handle.pragma(`user_version = ${SCHEMA_VERSION}`);
    }
    handle.exec('COMMIT');
  } catch (error) {
    if (handle.inTransaction) handle.exec('ROLLBACK');
    if (error instanceof RunbookError) throw error;
    const wrapped = storeError(error, file);
    if (wrapped instanceof RunbookError) throw wrapped;
    throw new RunbookError({
      code: 'E_STORE',
      message: `The store ${file} could not be brought up to date: ${messageOf(error)}`,
      cause: error,
    });
  }
}

function foreignError(file: string): RunbookError {
  return new RunbookError({
    code: 'E_STORE_FOREIGN',
    message: `${file} is another program's database; it was left as it is`,
    hint: 'Name another file with RUNBOOK_STORE',
  });
}

function newerError(connection: SqliteConnection, version: number): RunbookError {
  const { needs } = connection.first(connection.db.selectFrom('store').select('needs')) ?? { needs: 'a newer version' };
  return new RunbookError({
    code: 'E_STORE_NEWER',
    message: `The store ${connection.file} needs runbook ${needs} or newer (its schema is ${version}, this one knows ${SCHEMA_VERSION})`,
    hint: `Install runbook ${needs}; the store was left as it is`,
  });
}

/** For a store that may only be read and would have to be migrated first. */
export function outdatedError(file: string): RunbookError {
  return new RunbookError({
    code: 'E_STORE_READONLY',
    message: `The store ${file} is of an older version and is opened for reading only`,
    hint: 'Any command that writes (runbook note, for one) brings it up to date',
  });
}
