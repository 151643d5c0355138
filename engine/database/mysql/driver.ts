// MySQL and MariaDB through `mysql2`.
import { connect, type Socket } from 'node:net';
import { MysqlAdapter, MysqlIntrospector, MysqlQueryCompiler } from 'kysely';
import { type Connection, createConnection, type FieldPacket } from 'mysql2';
import { serverName } from '../address.ts';
import { DatabaseFailure, LOST, REFUSED } from '../errors.ts';
import type { Driver, DriverOptions, Mode, Session, StatementResult } from '../session.ts';
import { type MysqlAddress, readMysqlUrl, USUAL_PORT } from './address.ts';
import { endsTransaction, explainMysql } from './errors.ts';
import { incomingRows } from './incoming-rows.ts';
import { fromMysql, toMysql } from './values.ts';

/** The server's own limit comes first, and leaves the connection usable. */
const ANSWER_GRACE_MS = 5_000;
const CANCEL_TIMEOUT_MS = 2_000;

export function mysqlTarget(url: URL): {
  readonly name: string;
  readonly host: string;
  readonly driver: (options: DriverOptions) => Driver;
} {
  const address = readMysqlUrl(url);
  const { host, port, database, socketPath } = address;
  return {
    name: serverName(socketPath ?? host, socketPath === undefined ? port : USUAL_PORT, USUAL_PORT, database),
    host: socketPath ?? host,
    driver: (options) => ({
      dialect: 'mysql',
      kysely: {
        createAdapter: () => new MysqlAdapter(),
        createIntrospector: (db) => new MysqlIntrospector(db),
        createQueryCompiler: () => new MysqlQueryCompiler(),
      },
      open: (mode) => openSession(address, mode, options),
      explain: (thrown) => explainMysql(thrown, options.name, true),
    }),
  };
}

interface Answer {
  readonly value: unknown;
  readonly fields: readonly FieldPacket[];
}

interface Line {
  readonly connection: Connection;
  readonly socket: Socket;
  ask(sql: string, values?: readonly unknown[], timeoutMs?: number): Promise<Answer>;
}

async function openLine(
  { socketPath, host, port, ...login }: MysqlAddress,
  { name, connectTimeoutMs }: Pick<DriverOptions, 'name' | 'connectTimeoutMs'>,
): Promise<Line> {
  const socket = connect(socketPath === undefined ? { host, port } : { path: socketPath });
  socket.setKeepAlive(true);
  socket.setNoDelay(true);
  const connection = createConnection({
    ...login,
    host,
    stream: () => socket,
    charset: 'utf8mb4',
    timezone: 'Z',
    dateStrings: true,
    supportBigNumbers: true,
    bigNumberStrings: false,
    connectTimeout: connectTimeoutMs,
    multipleStatements: false,
    stringifyObjects: true,
    connectAttributes: { program_name: 'runbook' },
  });
  // Whoever asks next is told; without a listener it would end the process.
  connection.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => {
    connection.connect((error) => (error === null ? resolve() : reject(explainMysql(error, name, false))));
  }).catch((thrown: unknown) => {
    connection.destroy();
    throw thrown;
  });
  const ask: Line['ask'] = (sql, values = [], timeoutMs) =>
    new Promise((resolve, reject) => {
      const query = { sql, values: values.map(toMysql), ...(timeoutMs === undefined ? {} : { timeout: timeoutMs }) };
      connection.query(query, (error, value, fields) => {
        if (error === null) resolve({ value, fields: fields ?? [] });
        else reject(error);
      });
    });
  return { connection, socket, ask };
}

async function openSession(address: MysqlAddress, mode: Mode, options: DriverOptions): Promise<Session> {
  const { name, statementTimeoutMs } = options;
  const timeoutMs = statementTimeoutMs + ANSWER_GRACE_MS;
  const line = await openLine(address, options);
  const { connection, socket } = line;
  let asked = 0;
  let isEnded = false;
  /** The server has rolled back by itself. */
  let isRolledBack = false;

  const ask: Line['ask'] = async (sql, values) => {
    if (isEnded) throw brokenOff(name);
    if (isRolledBack) throw rolledBack(name);
    asked += 1;
    try {
      return await line.ask(sql, values, timeoutMs);
    } catch (thrown) {
      isRolledBack ||= endsTransaction(thrown);
      throw thrown;
    } finally {
      asked -= 1;
    }
  };

  try {
    for (const statement of await settings(ask, mode, statementTimeoutMs)) await ask(statement);
  } catch (thrown) {
    connection.destroy();
    throw explainMysql(thrown, name, true);
  }

  return {
    async begin() {
      isRolledBack = false;
      await ask(mode === 'read' ? 'start transaction with consistent snapshot, read only' : 'start transaction');
    },
    async execute({ sql, parameters }) {
      const { value, fields } = await ask(sql, parameters);
      return Array.isArray(value) ? { rows: fromMysql(value, fields) } : headerOf(value);
    },
    async *stream({ sql, parameters }, chunkSize) {
      if (isEnded) throw brokenOff(name);
      const query = connection.query({ sql, values: parameters.map(toMysql), timeout: timeoutMs });
      const incoming = incomingRows(query, connection, chunkSize);
      asked += 1;
      try {
        yield* incoming.chunks();
      } finally {
        asked -= 1;
        if (!incoming.hasEnded() && !isEnded) {
          // The rest of its rows stands in the way of every other answer: there are fewer of them when the server stops.
          void killQuery(address, connection.threadId, name);
          await incoming.discard();
        }
      }
    },
    async commit() {
      await ask('commit');
    },
    async rollback() {
      if (isRolledBack) return true;
      const { value } = await ask('rollback');
      // 1196: some non-transactional changed tables could not be rolled back.
      return !hasWarnings(value);
    },
    destroy() {
      if (asked > 0 && !isEnded) void killQuery(address, connection.threadId, name);
      isEnded = true;
      connection.destroy();
    },
    async close() {
      isEnded = true;
      // It says good-bye to the server, which may be out of reach by now: that must keep no process alive.
      socket.unref();
      connection.end(() => undefined);
    },
  };
}

/**
 * UTC, no silent truncation, the escapes that the driver writes, and a limit of time: MySQL and MariaDB name it differently, and
 * MySQL's is about SELECT alone (the driver's own limit is about all).
 */
async function settings(ask: Line['ask'], mode: Mode, statementTimeoutMs: number): Promise<readonly string[]> {
  const { value } = await ask('select @@version as version, @@sql_mode as mode');
  // One row, as asked for.
  const [facts] = value as readonly { readonly version: string; readonly mode: string }[];
  const { version = '', mode: sqlMode = '' } = facts ?? {};
  const modes = new Set(sqlMode.split(',').filter((one) => one !== '' && one !== 'NO_BACKSLASH_ESCAPES'));
  modes.add('STRICT_ALL_TABLES');
  const limit = version.includes('MariaDB')
    ? `max_statement_time = ${statementTimeoutMs / 1000}`
    : `max_execution_time = ${statementTimeoutMs}`;
  return [
    `set session time_zone = '+00:00', autocommit = 0, sql_mode = '${[...modes].join(',')}', ${limit}`,
    mode === 'read'
      ? 'set session transaction isolation level repeatable read, read only'
      : 'set session transaction isolation level read committed',
  ];
}

interface Header {
  readonly affectedRows: number;
  readonly insertId: number | string;
  readonly warningStatus?: number;
}

/** Of a statement that gives no rows the driver gives this. */
function headerOf(value: unknown): StatementResult {
  const { affectedRows, insertId } = value as Header;
  const id = BigInt(insertId);
  return { rows: [], affected: BigInt(affectedRows), ...(id === 0n ? {} : { insertId: id }) };
}

function hasWarnings(value: unknown): boolean {
  return ((value as Header).warningStatus ?? 0) > 0;
}

/** Ends what the server is doing for a connection; nobody waits for it. */
async function killQuery(address: MysqlAddress, threadId: number, name: string): Promise<void> {
  try {
    const line = await openLine(address, { name, connectTimeoutMs: CANCEL_TIMEOUT_MS });
    line.socket.unref();
    await line.ask(`kill query ${threadId}`, [], CANCEL_TIMEOUT_MS).finally(() => line.connection.destroy());
  } catch {
    // The server notices the lost connection by itself, at the latest when its own limit is over.
  }
}

function brokenOff(name: string): DatabaseFailure {
  return new DatabaseFailure(LOST, { name, detail: 'the work was broken off' });
}

function rolledBack(name: string): DatabaseFailure {
  return new DatabaseFailure(REFUSED, { name, detail: 'a statement had failed before: all was rolled back' });
}
