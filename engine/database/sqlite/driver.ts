// A SQLite file that belongs to somebody else's program, which may be writing to it. SQLite works on this thread: a statement
// that gives rows is read in slices, so that the process stays awake and a signal or a time limit ends it; one that does not
// (an aggregate over millions of rows) cannot be broken off.

import { statSync } from 'node:fs';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import { SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler } from 'kysely';
import { RunbookError } from '../../errors.ts';
import { BUSY, DatabaseFailure, REFUSED, TIMEOUT } from '../errors.ts';
import type { Driver, DriverOptions, Mode, Session, Statement, StatementResult } from '../session.ts';
import { explainSqlite, isBusy } from './errors.ts';
import { fromSqlite, toSqlite } from './values.ts';

/** SQLite waits for a lock on this thread, so it waits shortly, and is asked again. */
const LOCK_WAIT_MS = 100;
const LOCK_RETRY_MS = 25;
const LOCK_TIMEOUT_MS = 10_000;
const SLICE_MS = 20;
/** Statements kept compiled: a resync repeats the same few. */
const MOST_STATEMENTS = 32;

export function sqliteDriver(file: string, options: DriverOptions): Driver {
  return {
    dialect: 'sqlite',
    kysely: {
      createAdapter: () => new OwnQueueAdapter(),
      createIntrospector: (db) => new SqliteIntrospector(db),
      createQueryCompiler: () => new SqliteQueryCompiler(),
    },
    open: async (mode) => {
      requireFile(file);
      return openSession(file, mode, options);
    },
    explain: (thrown) => explainSqlite(thrown, options.name),
  };
}

/** Kysely would queue statements itself, and wait for ever for a stream that waits for its reader. */
class OwnQueueAdapter extends SqliteAdapter {
  override get supportsMultipleConnections(): boolean {
    return true;
  }
}

/** Never made: an empty file in the wrong place would look like a table without users. */
function requireFile(file: string): void {
  const found = statSync(file, { throwIfNoEntry: false });
  if (found?.isFile() === true) return;
  throw new RunbookError({
    code: 'E_DB_MISSING',
    message: found === undefined ? `There is no database file ${file}` : `${file} is no file`,
    hint: 'Correct the path in the secret; a relative one starts at the folder of runbook.config.yaml',
  });
}

function openSession(file: string, mode: Mode, { name, statementTimeoutMs }: DriverOptions): Session {
  const handle = new Sqlite(file, { readonly: mode === 'read', fileMustExist: true, timeout: LOCK_WAIT_MS });
  const compiled = new Map<string, Sqlite.Statement<unknown[]>>();
  let isDestroyed = false;
  /** Rows being read: the handle cannot be closed meanwhile. */
  let reading = 0;
  let last: Promise<unknown> = Promise.resolve();

  const alive = (): void => {
    if (isDestroyed) throw gone(name);
  };
  const closeHandle = (): void => {
    if (handle.open && reading === 0) handle.close();
  };
  /** One after the other, as on a connection to a server. */
  const queued = <T>(work: () => Promise<T>): Promise<T> => {
    const next = last.then(work);
    last = next.catch(() => undefined);
    return next;
  };

  const prepare = (sql: string): Sqlite.Statement<unknown[]> => {
    const known = compiled.get(sql);
    if (known !== undefined) return known;
    const statement = handle.prepare<unknown[]>(sql).safeIntegers(true);
    if (compiled.size >= MOST_STATEMENTS)
      for (const oldest of compiled.keys()) {
        compiled.delete(oldest);
        break;
      }
    compiled.set(sql, statement);
    return statement;
  };

  async function* rowsOf(statement: Sqlite.Statement<unknown[]>, parameters: readonly unknown[]) {
    const until = performance.now() + statementTimeoutMs;
    let slice = performance.now() + SLICE_MS;
    reading += 1;
    try {
      for (const row of statement.iterate(...parameters.map(toSqlite))) {
        yield fromSqlite(row);
        const now = performance.now();
        if (now > until) throw new DatabaseFailure(TIMEOUT, { name, detail: `more than ${statementTimeoutMs} ms` });
        if (now < slice) continue;
        await nextTurn();
        alive();
        slice = performance.now() + SLICE_MS;
      }
    } finally {
      reading -= 1;
      if (isDestroyed) closeHandle();
    }
  }

  /** A full disk, for one, makes SQLite roll back by itself: what came next would be committed alone. */
  const inTransaction = (): void => {
    alive();
    if (!handle.inTransaction)
      throw new DatabaseFailure(REFUSED, { name, detail: 'a statement had failed before: all was rolled back' });
  };

  const execute = async ({ sql, parameters }: Statement): Promise<StatementResult> => {
    inTransaction();
    const statement = prepare(sql);
    if (!statement.reader) {
      const { changes, lastInsertRowid } = statement.run(...parameters.map(toSqlite));
      return { rows: [], affected: BigInt(changes), insertId: BigInt(lastInsertRowid) };
    }
    const rows: unknown[] = [];
    for await (const row of rowsOf(statement, parameters)) rows.push(row);
    return { rows };
  };

  /** Whoever holds the file lets go of it soon, or not. */
  const persist = async (sql: string): Promise<void> => {
    const until = performance.now() + LOCK_TIMEOUT_MS;
    for (;;) {
      alive();
      try {
        handle.exec(sql);
        return;
      } catch (thrown) {
        if (!isBusy(thrown)) throw thrown;
        if (performance.now() > until) throw new DatabaseFailure(BUSY, { name, cause: thrown });
      }
      await sleep(LOCK_RETRY_MS);
    }
  };

  return {
    async begin() {
      if (mode === 'write') {
        await persist('BEGIN IMMEDIATE');
        return;
      }
      handle.exec('BEGIN');
      // BEGIN alone reads nothing: the snapshot is taken by the first query.
      await persist('SELECT 1 FROM sqlite_schema LIMIT 1');
    },
    execute: (statement) => queued(() => execute(statement)),
    async *stream({ sql, parameters }, chunkSize) {
      alive();
      let chunk: unknown[] = [];
      // Not one of the kept: it is busy as long as the stream is read.
      for await (const row of rowsOf(handle.prepare<unknown[]>(sql).safeIntegers(true), parameters)) {
        chunk.push(row);
        if (chunk.length < chunkSize) continue;
        yield chunk;
        alive();
        chunk = [];
      }
      if (chunk.length > 0) yield chunk;
    },
    commit: () =>
      queued(async () => {
        inTransaction();
        await persist('COMMIT');
      }),
    rollback: () =>
      queued(async () => {
        if (handle.open && handle.inTransaction) handle.exec('ROLLBACK');
        return true;
      }),
    destroy() {
      isDestroyed = true;
      closeHandle();
    },
    async close() {
      isDestroyed = true;
      closeHandle();
    },
  };
}

function gone(name: string): RunbookError {
  return new RunbookError({ code: 'E_DB_CLOSED', message: `The work on the database ${name} was broken off` });
}
