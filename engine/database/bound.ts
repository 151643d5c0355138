// Kysely over one transaction of one connection, for as long as its callback runs.
import {
  type CompiledQuery,
  type DatabaseConnection,
  Kysely,
  type Driver as KyselyDriver,
  type QueryResult,
} from 'kysely';
import type { DatabaseQueries } from '../action.ts';
import { RunbookError } from '../errors.ts';
import type { BreakOff } from './break-off.ts';
import type { Driver, Mode, Session, Statement } from './session.ts';
import { assertNoControl } from './statements.ts';

export interface Bound {
  readonly queries: DatabaseQueries;
  /** Whatever is asked from now on is refused. */
  end(): void;
}

export interface BindOptions {
  readonly driver: Driver;
  readonly session: Session;
  readonly mode: Mode;
  readonly breaking: BreakOff;
}

export function bind({ driver, session, mode, breaking }: BindOptions): Bound {
  let isOver = false;
  let isStreaming = false;
  const check = (compiled: CompiledQuery): Statement => {
    if (isOver) throw lateUse();
    if (isStreaming) throw whileStreaming();
    assertNoControl(compiled.sql, { dialect: driver.dialect, mode });
    return { sql: compiled.sql, parameters: compiled.parameters };
  };
  const connection: DatabaseConnection = {
    async executeQuery<R>(compiled: CompiledQuery): Promise<QueryResult<R>> {
      const statement = check(compiled);
      const { rows, affected, insertId } = await explaining(driver, () => breaking.until(session.execute(statement)));
      return {
        // Kysely's caller says what a row is; what stands in it is the database's word.
        rows: rows as R[],
        ...(affected === undefined ? {} : { numAffectedRows: affected }),
        ...(insertId === undefined ? {} : { insertId }),
      };
    },
    async *streamQuery<R>(compiled: CompiledQuery, chunkSize: number): AsyncIterableIterator<QueryResult<R>> {
      const statement = check(compiled);
      isStreaming = true;
      try {
        for await (const rows of untilBroken(session.stream(statement, Math.max(1, chunkSize)), breaking)) {
          // As above.
          yield { rows: rows as R[] };
          if (isOver) throw lateUse();
        }
      } catch (thrown) {
        throw driver.explain(thrown);
      } finally {
        isStreaming = false;
      }
    },
  };
  const { createAdapter, createIntrospector, createQueryCompiler } = driver.kysely;
  const queries: DatabaseQueries = new Kysely({
    dialect: { createAdapter, createIntrospector, createQueryCompiler, createDriver: () => oneConnection(connection) },
  });
  return {
    queries,
    end() {
      isOver = true;
    },
  };
}

/** The same chunks; left early, also by who reads them, the source is told. */
async function* untilBroken<T>(source: AsyncIterable<T>, breaking: BreakOff): AsyncGenerator<T> {
  const chunks = source[Symbol.asyncIterator]();
  let isWhole = false;
  try {
    for (;;) {
      const next = await breaking.until(chunks.next());
      isWhole = next.done === true;
      if (isWhole) return;
      yield next.value;
    }
  } finally {
    if (!isWhole && chunks.return !== undefined) await breaking.until(chunks.return()).catch(() => undefined);
  }
}

async function explaining<T>(driver: Driver, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (thrown) {
    throw driver.explain(thrown);
  }
}

function oneConnection(connection: DatabaseConnection): KyselyDriver {
  const refuse = async (): Promise<never> => {
    throw new RunbookError({
      code: 'E_DB_CONTROL',
      message: 'A transaction was begun inside a transaction',
      hint: 'The callback of db.read and db.write is one already: use what it is given',
    });
  };
  return {
    init: async () => undefined,
    acquireConnection: async () => connection,
    beginTransaction: refuse,
    commitTransaction: refuse,
    rollbackTransaction: refuse,
    releaseConnection: async () => undefined,
    destroy: async () => undefined,
  };
}

function lateUse(): RunbookError {
  return new RunbookError({
    code: 'E_DB_CLOSED',
    message: 'A query came after its transaction had ended',
    hint: 'Await every query inside the callback of db.read or db.write',
  });
}

function whileStreaming(): RunbookError {
  return new RunbookError({
    code: 'E_DB_STREAMING',
    message: 'A query came while another one is streamed over the same connection',
    hint: 'Finish the stream first, or read page by page',
  });
}
