// PostgreSQL through `pg`. Statements go by the extended protocol, which takes one statement at a time.
import { connect, Socket } from 'node:net';
import { PostgresAdapter, PostgresIntrospector, PostgresQueryCompiler } from 'kysely';
import pg from 'pg';
import { serverName } from '../address.ts';
import { DatabaseFailure, LOST, REFUSED } from '../errors.ts';
import type { Driver, DriverOptions, Mode, Session, Statement, StatementResult } from '../session.ts';
import { CERTIFICATE_FILE, explainPostgres } from './errors.ts';
import { TYPES, toPostgres } from './values.ts';

const USUAL_PORT = 5432;
/** The server's own limit comes first, and leaves the connection usable. */
const ANSWER_GRACE_MS = 5_000;
/** Locks of a process that stands still are let go. */
const IDLE_IN_WRITE_MS = 60_000;
const CANCEL_TIMEOUT_MS = 2_000;
/** PostgreSQL documentation, 54.7 Message Formats, CancelRequest. */
const CANCEL_REQUEST_CODE = 80877102;
/** 54.7, CommandComplete: what a COMMIT of a transaction says in which a statement failed. */
const ROLLED_BACK = 'ROLLBACK';
const COUNTED = new Set(['INSERT', 'UPDATE', 'DELETE', 'MERGE']);

/** What a URL names, as the driver reads it: PGHOST and the like stand in for what it leaves out. */
export function postgresTarget(url: URL): {
  readonly name: string;
  readonly host: string;
  readonly driver: (options: DriverOptions) => Driver;
} {
  sayTlsPlainly(url);
  const { host, port, database } = newClient(url);
  return {
    name: serverName(host, port, USUAL_PORT, database ?? ''),
    host,
    driver: (options) => postgresDriver(url, options),
  };
}

/**
 * The driver checks certificates under `prefer`, `require` and `verify-ca` too, and says at each start that this will change.
 * Here it does not: whoever wants no check says `no-verify`.
 */
function sayTlsPlainly({ searchParams }: URL): void {
  const mode = searchParams.get('sslmode') ?? '';
  if (['prefer', 'require', 'verify-ca'].includes(mode) && !searchParams.has('uselibpqcompat'))
    searchParams.set('sslmode', 'verify-full');
}

function newClient(url: URL, options?: DriverOptions & { readonly stream: () => Socket }): pg.Client {
  try {
    return new pg.Client({
      connectionString: url.href,
      application_name: 'runbook',
      keepAlive: true,
      ...(options === undefined
        ? {}
        : {
            stream: options.stream,
            connectionTimeoutMillis: options.connectTimeoutMs,
            query_timeout: options.statementTimeoutMs + ANSWER_GRACE_MS,
          }),
    });
  } catch (thrown) {
    // It reads the files that sslrootcert, sslcert and sslkey name.
    throw new DatabaseFailure(CERTIFICATE_FILE, { name: url.host, cause: thrown });
  }
}

function postgresDriver(url: URL, options: DriverOptions): Driver {
  return {
    dialect: 'postgres',
    kysely: {
      createAdapter: () => new PostgresAdapter(),
      createIntrospector: (db) => new PostgresIntrospector(db),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
    open: (mode) => openSession(url, mode, options),
    explain: (thrown) => explainPostgres(thrown, options.name, true),
  };
}

async function openSession(url: URL, mode: Mode, options: DriverOptions): Promise<Session> {
  const { name, statementTimeoutMs } = options;
  const socket = new Socket();
  const client = newClient(url, { ...options, stream: () => socket });
  let lost: Error | undefined;
  client.on('error', (error) => {
    lost ??= error;
  });
  try {
    await client.connect();
  } catch (thrown) {
    socket.destroy();
    throw explainPostgres(thrown, name, false);
  }

  let asked = 0;
  const alive = (): void => {
    if (lost !== undefined) throw new DatabaseFailure(LOST, { name, detail: lost.message, cause: lost });
  };
  const query = async (text: string, values?: readonly unknown[]): Promise<pg.QueryResult> => {
    alive();
    asked += 1;
    try {
      return values === undefined ? await client.query(text) : await client.query(extended(text, values));
    } finally {
      asked -= 1;
    }
  };
  const beginning = [
    mode === 'read'
      ? 'start transaction isolation level repeatable read, read only'
      : `start transaction isolation level read committed, read write; set local idle_in_transaction_session_timeout = ${IDLE_IN_WRITE_MS}`,
    `set local statement_timeout = ${statementTimeoutMs}`,
    `set local timezone = 'UTC'`,
    `set local datestyle = 'ISO'`,
    // The snapshot is taken here, and from here on the mode cannot be altered: PostgreSQL documentation, SET TRANSACTION.
    'select 1',
  ].join('; ');
  let cursors = 0;

  return {
    async begin() {
      await query(beginning);
    },
    async execute({ sql, parameters }: Statement): Promise<StatementResult> {
      const { rows, rowCount, command } = await query(sql, parameters);
      return { rows, ...(COUNTED.has(command) && rowCount !== null ? { affected: BigInt(rowCount) } : {}) };
    },
    async *stream({ sql, parameters }, chunkSize) {
      cursors += 1;
      const cursor = `runbook_${cursors}`;
      await query(`declare ${cursor} no scroll cursor for ${sql}`, parameters);
      try {
        for (;;) {
          const { rows } = await query(`fetch ${chunkSize} from ${cursor}`, []);
          if (rows.length > 0) yield rows;
          if (rows.length < chunkSize) return;
        }
      } finally {
        // A failed transaction has no cursors any more.
        await query(`close ${cursor}`, []).catch(() => undefined);
      }
    },
    async commit() {
      const { command } = await query('commit');
      if (command === ROLLED_BACK)
        throw new DatabaseFailure(REFUSED, { name, detail: 'a statement had failed before: all was rolled back' });
    },
    async rollback() {
      await query('rollback');
      return true;
    },
    destroy() {
      if (asked > 0 && lost === undefined) cancel(client, socket);
      lost ??= new Error('the work was broken off');
      socket.destroy();
    },
    async close() {
      lost ??= new Error('the connection was closed');
      // It says good-bye to the server, which may be out of reach by now: that must keep no process alive.
      socket.unref();
      client.end().catch(() => undefined);
    },
  };
}

function extended(text: string, values: readonly unknown[]): pg.QueryConfig {
  // `queryMode` is in the driver's documentation ("Queries"), not yet in its types.
  const config: pg.QueryConfig & { readonly queryMode: 'extended' } = {
    text,
    values: values.map(toPostgres),
    types: TYPES,
    queryMode: 'extended',
  };
  return config;
}

/** Asks the server to end what it is doing for this client; over a connection of its own, with no answer. */
function cancel(client: pg.Client, { remoteAddress, remotePort }: Socket): void {
  // Both are the driver's own (BackendKeyData), not in its types.
  const { processID, secretKey } = client as unknown as { readonly processID: unknown; readonly secretKey: unknown };
  if (typeof processID !== 'number' || typeof secretKey !== 'number') return;
  if (remoteAddress === undefined || remotePort === undefined) return;
  const request = Buffer.alloc(16);
  request.writeInt32BE(16, 0);
  request.writeInt32BE(CANCEL_REQUEST_CODE, 4);
  request.writeInt32BE(processID, 8);
  request.writeInt32BE(secretKey, 12);
  const socket = connect({ host: remoteAddress, port: remotePort });
  socket.unref();
  socket.setTimeout(CANCEL_TIMEOUT_MS, () => socket.destroy());
  socket.on('error', () => undefined);
  socket.once('connect', () => socket.end(request));
}
