// Opening a SQLite store.
import { resolve } from 'node:path';
import Database from 'better-sqlite3';
import type { Redactor, Store } from '../journal.ts';
import { SqliteConnection } from './connection.ts';
import { storeError } from './errors.ts';
import { ensureStoreFile, requireStoreFile } from './file.ts';
import { SqliteJournal } from './journal.ts';
import { isSchemaCurrent, migrate, outdatedError } from './migrate.ts';
import { enableWal } from './wal.ts';

/** How long a write waits for another process's before E_STORE_BUSY. */
const BUSY_TIMEOUT_MS = 5_000;

export interface SqliteJournalOptions {
  readonly file: string;
  readonly redactor: Redactor;
  /** Wall clock, ms since the epoch: event times and leases. */
  readonly clock?: { now(): number };
  /** Opens what is there, makes and changes nothing. */
  readonly readOnly?: boolean;
  readonly busyTimeoutMs?: number;
}

/**
 * Opens the store, making it (0600) and bringing its schema up to date where needed. Safe while other processes do the
 * same. A commit is on the disk (WAL, synchronous=FULL) when it returns.
 * @throws E_STORE_NEWER, E_STORE_FOREIGN, E_STORE_MISSING, E_STORE_READONLY, E_STORE_CORRUPT, E_STORE_BUSY, …
 */
export async function openSqliteJournal(options: SqliteJournalOptions): Promise<Store> {
  const file = resolve(options.file);
  const isReadOnly = options.readOnly ?? false;
  if (isReadOnly) requireStoreFile(file);
  else ensureStoreFile(file);
  const busyTimeoutMs = options.busyTimeoutMs ?? BUSY_TIMEOUT_MS;
  const handle = openHandle(file, isReadOnly, busyTimeoutMs);
  try {
    const connection = new SqliteConnection(file, handle);
    // Looked at before anything is changed: a file that is not ours, or newer, stays as it is.
    const isCurrent = isSchemaCurrent(connection);
    if (isReadOnly && !isCurrent) throw outdatedError(file);
    if (!isReadOnly) await enableWal(handle, busyTimeoutMs);
    if (!isCurrent) await migrate(connection);
    return new SqliteJournal({ connection, redactor: options.redactor, clock: options.clock ?? Date });
  } catch (error) {
    handle.close();
    throw storeError(error, file);
  }
}

function openHandle(file: string, isReadOnly: boolean, busyTimeoutMs: number): Database.Database {
  let handle: Database.Database | undefined;
  try {
    handle = new Database(file, { readonly: isReadOnly, timeout: busyTimeoutMs });
    handle.pragma('trusted_schema = OFF');
    handle.pragma('foreign_keys = ON');
    handle.pragma('synchronous = FULL');
    // What redaction deletes is overwritten, not only unlinked.
    handle.pragma('secure_delete = ON');
    return handle;
  } catch (error) {
    handle?.close();
    throw storeError(error, file);
  }
}
