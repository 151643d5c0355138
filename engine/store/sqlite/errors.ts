// What SQLite says, in the product's words. Whenever one of these is thrown, the transaction was rolled back.
import Database from 'better-sqlite3';
import { RunbookError } from '../../errors.ts';

interface Meaning {
  readonly code: string;
  readonly what: string;
  readonly hint: string;
}

/** By primary result code; an extended one (SQLITE_BUSY_SNAPSHOT) starts with it. Source: sqlite.org/rescode.html */
const MEANINGS: { readonly [primaryCode: string]: Meaning } = {
  SQLITE_BUSY: {
    code: 'E_STORE_BUSY',
    what: 'is locked by another process',
    hint: 'Nothing was written. Try again; if it lasts, look for what keeps the file locked (a backup, a database browser)',
  },
  SQLITE_FULL: {
    code: 'E_STORE_FULL',
    what: 'cannot grow: the disk is full',
    hint: 'Nothing was written and nothing is lost. Free some space, then runbook resume',
  },
  SQLITE_READONLY: {
    code: 'E_STORE_READONLY',
    what: 'is read-only',
    hint: 'Nothing was written. Make the file and its folder writable for you, or name another with RUNBOOK_STORE',
  },
  SQLITE_CANTOPEN: {
    code: 'E_STORE_UNREADABLE',
    what: 'cannot be opened',
    hint: 'Look at the path and at who may read and write the file and its folder',
  },
  SQLITE_PERM: {
    code: 'E_STORE_UNREADABLE',
    what: 'may not be opened',
    hint: 'Look at who may read and write the file and its folder',
  },
  SQLITE_CORRUPT: {
    code: 'E_STORE_CORRUPT',
    what: 'is damaged',
    hint: 'Keep a copy of the file as it is, then restore it from a backup or an export',
  },
  SQLITE_NOTADB: {
    code: 'E_STORE_CORRUPT',
    what: 'is not a SQLite database',
    hint: 'Name the right file with RUNBOOK_STORE, or restore it from a backup',
  },
  SQLITE_IOERR: {
    code: 'E_STORE_IO',
    what: 'cannot be read or written: the disk reports an error',
    hint: 'Nothing was written. Look at the disk (dmesg, free space), then runbook resume',
  },
};

/** @returns the error to throw instead; what is not SQLite's comes back as it is. */
export function storeError(thrown: unknown, file: string): unknown {
  if (!(thrown instanceof Database.SqliteError)) return thrown;
  const { code: sqliteCode, message } = thrown;
  const meaning = MEANINGS[sqliteCode.split('_').slice(0, 2).join('_')];
  return new RunbookError({
    code: meaning?.code ?? 'E_STORE',
    message: `The store ${file} ${meaning?.what ?? 'refused'} (${sqliteCode}: ${message})`,
    hint: meaning?.hint,
    cause: thrown,
  });
}

/** Whether the database itself failed, wrapped or not, rather than refused what it was asked. */
export function isDatabaseFailure(error: unknown): boolean {
  return error instanceof Database.SqliteError || (error instanceof RunbookError && isDatabaseFailure(error.cause));
}
