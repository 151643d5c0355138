// What SQLite says, by primary result code; an extended one (SQLITE_BUSY_SNAPSHOT) starts with it. Source: sqlite.org/rescode.html
import Sqlite from 'better-sqlite3';
import { BUSY, CONSTRAINT, DatabaseFailure, type Meaning, NO_RIGHT, READONLY, REFUSED } from '../errors.ts';

const CANNOT_OPEN: Meaning = {
  code: 'E_DB_RIGHTS',
  what: 'cannot be opened',
  hint: 'Look at who may read and write the file and its folder: a database in WAL mode also writes files beside it',
};
const DAMAGED: Meaning = {
  code: 'E_DB_DAMAGED',
  what: 'is damaged, or no SQLite database',
  hint: 'Correct the path in the secret, or restore the file from a backup',
};
const DISK: Meaning = {
  code: 'E_DB_DISK',
  what: 'cannot be read or written: the disk is full or reports an error',
  hint: 'Free some space, or look at the disk, then resume',
  // Of a COMMIT it may be either way. Source: sqlite.org/lang_transaction.html, "Response To Errors Within A Transaction".
  isLost: true,
};

const MEANINGS: { readonly [primaryCode: string]: Meaning } = {
  SQLITE_BUSY: BUSY,
  SQLITE_LOCKED: BUSY,
  SQLITE_READONLY: READONLY,
  SQLITE_CANTOPEN: CANNOT_OPEN,
  SQLITE_PERM: NO_RIGHT,
  SQLITE_AUTH: NO_RIGHT,
  SQLITE_CORRUPT: DAMAGED,
  SQLITE_NOTADB: DAMAGED,
  SQLITE_FULL: DISK,
  SQLITE_IOERR: DISK,
  SQLITE_CONSTRAINT: CONSTRAINT,
};

export function explainSqlite(thrown: unknown, name: string): unknown {
  if (!(thrown instanceof Sqlite.SqliteError)) return thrown;
  const meaning = MEANINGS[thrown.code.split('_').slice(0, 2).join('_')] ?? REFUSED;
  return new DatabaseFailure(meaning, { name, detail: `${thrown.code}: ${thrown.message}`, cause: thrown });
}

export function isBusy(thrown: unknown): boolean {
  return thrown instanceof Sqlite.SqliteError && thrown.code.startsWith('SQLITE_BUSY');
}
