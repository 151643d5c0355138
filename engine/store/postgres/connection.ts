// The connections to one PostgreSQL store. Kysely builds and types every statement; the driver executes it here, so
// that this file alone decides what a failure means.
//
// The driver's pipeline mode sends a statement without waiting for the answer to the one before: an append costs two journeys
// to the server (three where others wrote meanwhile) instead of eight.
import { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Compilable, type CompiledQuery, type InferResult, Kysely, PostgresDialect } from 'kysely';
import pg from 'pg';
import type { StoreSchema } from '../schema.ts';
import type { PostgresAddress } from './address.ts';
import { driverError, isConnectionLost, isPassing, storeError } from './errors.ts';
import {
  ANSWER_TIMEOUT_MS,
  CLOSE_TIMEOUT_MS,
  CONNECT_TIMEOUT_MS,
  IDLE_IN_TRANSACTION_MS,
  LOCK_TIMEOUT_MS,
  RECONNECT_FOR_MS,
  RETRY_MS,
  UPKEEP_TIMEOUT_MS,
} from './settings.ts';

/** Every table is in it, so that the store can share a database with other programs. */
export const STORE_SCHEMA = 'runbook';

/**
 * How far a commit gets before it returns. `disk`: it survives a power cut of the server. `process`: it survives the end of this
 * process, and is on the server's disk with the next commit that reaches it, in order.
 */
export type Reach = 'disk' | 'process';

/** A transaction under way, of READ COMMITTED: each statement sees what was committed before it began. */
export interface Transaction {
  /** The rows of a query. */
  all<Q extends Compilable<unknown>>(query: Q): Promise<InferResult<Q>>;
  first<Q extends Compilable<unknown>>(query: Q): Promise<InferResult<Q>[number] | undefined>;
  /** @returns how many rows it changed. */
  run(query: Compilable<unknown>): Promise<number>;
  /** Sends a statement whose answer nobody needs; should it fail, so does the commit. */
  send(query: Compilable<unknown>): void;
}

export interface ConnectionOptions {
  readonly address: PostgresAddress;
  readonly lockTimeoutMs?: number;
  readonly reconnectForMs?: number;
}

export class PostgresConnection {
  readonly address: PostgresAddress;
  readonly db: Kysely<StoreSchema>;
  readonly #pool: pg.Pool;
  readonly #sockets = new Set<Socket>();
  readonly #lockTimeoutMs: number;
  readonly #reconnectForMs: number;

  constructor({ address, lockTimeoutMs, reconnectForMs }: ConnectionOptions) {
    this.address = address;
    this.#lockTimeoutMs = lockTimeoutMs ?? LOCK_TIMEOUT_MS;
    this.#reconnectForMs = reconnectForMs ?? RECONNECT_FOR_MS;
    this.#pool = new pg.Pool({
      ...clientConfig(address, 'runbook'),
      stream: () => this.#newSocket(),
      max: 4,
      allowExitOnIdle: true,
    });
    // An idle connection that breaks is replaced when one is needed; without a listener it would end the process.
    this.#pool.on('error', () => undefined);
    this.db = new Kysely<StoreSchema>({ dialect: new PostgresDialect({ pool: this.#pool }) }).withSchema(STORE_SCHEMA);
  }

  /** The rows of a query. Asked again on a new connection where one was lost. */
  async all<Q extends Compilable<unknown>>(query: Q): Promise<InferResult<Q>> {
    return this.#persist(() => this.#withClient((client) => execute(client, query)));
  }

  /** The first row, if there is one. */
  async first<Q extends Compilable<unknown>>(query: Q): Promise<InferResult<Q>[number] | undefined> {
    return (await this.all(query))[0] as InferResult<Q>[number] | undefined;
  }

  /** Asked once: for whoever comes back to it anyway. */
  async tryAll<Q extends Compilable<unknown>>(query: Q): Promise<InferResult<Q>> {
    return this.#wrapping(() => this.#withClient((client) => execute(client, query)));
  }

  /**
   * Runs `work` in a transaction; durable when it returns. Where the connection is lost the work is done again on a new
   * one, for a while. It may have been committed before: **`work` must recognise that, or come to the same when it is
   * done twice**. Having locked what it locked before, it sees the truth: the earlier transaction is over then.
   * @throws what `work` throws, or a store error; nothing was written then. E_STORE_UNREACHABLE leaves it open.
   */
  write<T>(work: (transaction: Transaction) => Promise<T>, reach: Reach = 'disk'): Promise<T> {
    return this.#persist(() =>
      this.#withClient((client) => inTransaction(client, this.#beginning(reach), (transaction) => work(transaction))),
    );
  }

  /** Runs statements that no transaction may hold, on one connection; tried once. */
  alone(...statements: readonly string[]): Promise<void> {
    return this.#wrapping(() =>
      this.#withClient(async (client) => {
        for (const statement of statements) await ask(client, statement, UPKEEP_TIMEOUT_MS);
      }),
    );
  }

  /** A transaction for whoever needs the driver's client itself; tried once. */
  exclusive<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    return this.#wrapping(() =>
      this.#withClient((client) => inTransaction(client, this.#beginning('disk'), () => work(client))),
    );
  }

  /** A connection of its own, for notifications. Not connected yet. */
  listener(): pg.Client {
    // It keeps no process alive that has nothing else to do.
    return new pg.Client({
      ...clientConfig(this.address, 'runbook watch'),
      stream: () => this.#newSocket().unref(),
    });
  }

  async close(): Promise<void> {
    // Each says good-bye to the server, which may be out of reach by now.
    await Promise.race([this.#pool.end(), sleep(CLOSE_TIMEOUT_MS, undefined, { ref: false })]);
    // The driver also leaves one open where a log-in failed half-way, and the process would live until the server ends it.
    for (const socket of this.#sockets) socket.destroy();
  }

  #newSocket(): Socket {
    const socket = new Socket();
    this.#sockets.add(socket);
    socket.once('close', () => this.#sockets.delete(socket));
    return socket;
  }

  /** One message with many statements. SET LOCAL also works where a pooler hands the session to others. */
  #beginning(reach: Reach): string {
    return [
      'begin isolation level read committed',
      `set local lock_timeout = ${this.#lockTimeoutMs}`,
      `set local idle_in_transaction_session_timeout = ${IDLE_IN_TRANSACTION_MS}`,
      reach === 'process'
        ? 'set local synchronous_commit = off'
        : // Whatever is stricter than `on` (remote_apply) stays.
          `select set_config('synchronous_commit', 'on', true) where current_setting('synchronous_commit') = 'off'`,
    ].join('; ');
  }

  async #withClient<T>(work: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#pool.connect().catch((error: unknown) => {
      throw driverError(error);
    });
    let isBroken = true;
    // The pool listens only to idle clients.
    const onError = (): void => undefined;
    client.on('error', onError);
    try {
      const result = await work(client);
      isBroken = false;
      return result;
    } catch (error) {
      isBroken = isConnectionLost(error);
      throw error;
    } finally {
      client.off('error', onError);
      client.release(isBroken);
    }
  }

  async #persist<T>(work: () => Promise<T>): Promise<T> {
    const until = performance.now() + this.#reconnectForMs;
    for (let pauseMs: number = RETRY_MS.first; ; pauseMs = Math.min(pauseMs * 2, RETRY_MS.longest)) {
      try {
        return await work();
      } catch (error) {
        if (!isPassing(error) || performance.now() + pauseMs > until) throw storeError(error, this.address.shown);
        await sleep(pauseMs);
      }
    }
  }

  async #wrapping<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw storeError(error, this.address.shown);
    }
  }
}

function clientConfig(
  address: PostgresAddress,
  applicationName: string,
): pg.PoolConfig & { readonly pipeline: boolean } {
  return {
    connectionString: address.url,
    application_name: applicationName,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: ANSWER_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    pipeline: true,
  };
}

/** Begins, works and commits; the first and the last message wait for nobody. */
async function inTransaction<T>(
  client: pg.PoolClient,
  beginning: string,
  work: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  const sent: Promise<unknown>[] = [];
  const send = (statement: Promise<unknown>): void => {
    // Its failure is looked at below, with the others'.
    statement.catch(() => undefined);
    sent.push(statement);
  };
  const transaction: Transaction = {
    all: (query) => execute(client, query),
    first: async <Q extends Compilable<unknown>>(query: Q) =>
      (await execute(client, query))[0] as InferResult<Q>[number] | undefined,
    run: async (query) => (await executeCompiled(client, query.compile())).rowCount ?? 0,
    send: (query) => send(executeCompiled(client, query.compile())),
  };
  try {
    send(ask(client, beginning));
    const result = await work(transaction);
    // After a failed statement COMMIT rolls back, and that statement's failure is what is thrown.
    send(ask(client, 'commit'));
    await Promise.all(sent);
    return result;
  } catch (error) {
    if (!isConnectionLost(error)) await ask(client, 'rollback');
    // Where the beginning failed, so did all that followed, for a lesser reason.
    for (const outcome of await Promise.allSettled(sent)) if (outcome.status === 'rejected') throw outcome.reason;
    throw error;
  }
}

async function execute<Q extends Compilable<unknown>>(client: pg.ClientBase, query: Q): Promise<InferResult<Q>> {
  // Safe: Kysely typed the query against the schema the migrations made.
  return (await executeCompiled(client, query.compile())).rows as InferResult<Q>;
}

async function executeCompiled(client: pg.ClientBase, { sql, parameters }: CompiledQuery): Promise<pg.QueryResult> {
  try {
    return await client.query(sql, [...parameters]);
  } catch (error) {
    throw driverError(error);
  }
}

async function ask(client: pg.ClientBase, text: string, timeoutMs = ANSWER_TIMEOUT_MS): Promise<void> {
  // The driver's documentation has it ("query config"), its types have not.
  const query: pg.QueryConfig & { readonly query_timeout: number } = { text, query_timeout: timeoutMs };
  try {
    await client.query(query);
  } catch (error) {
    throw driverError(error);
  }
}
