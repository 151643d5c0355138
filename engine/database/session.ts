// What each dialect gives: one connection, with transactions begun, ended and broken off by hand.
import type { Dialect } from 'kysely';

export type Mode = 'read' | 'write';

export interface Statement {
  readonly sql: string;
  readonly parameters: readonly unknown[];
}

export interface StatementResult {
  readonly rows: readonly unknown[];
  /** Of what is no query. */
  readonly affected?: bigint;
  readonly insertId?: bigint;
}

/** One connection; one transaction at a time, one statement at a time. */
export interface Session {
  begin(): Promise<void>;
  execute(statement: Statement): Promise<StatementResult>;
  stream(statement: Statement, chunkSize: number): AsyncIterable<readonly unknown[]>;
  /** What the driver throws here may mean that it was committed all the same: see `DatabaseFailure.isLost`. */
  commit(): Promise<void>;
  /** @returns false where something that was written cannot be taken back. */
  rollback(): Promise<boolean>;
  /** Ends what is under way at once, on the server too as far as it can be reached, and the session with it. */
  destroy(): void;
  /** Ends an idle one. */
  close(): Promise<void>;
}

export interface Driver {
  readonly dialect: 'postgres' | 'mysql' | 'sqlite';
  readonly kysely: Pick<Dialect, 'createAdapter' | 'createIntrospector' | 'createQueryCompiler'>;
  open(mode: Mode): Promise<Session>;
  /** What its driver threw, in the product's words; anything else as it is. */
  explain(thrown: unknown): unknown;
}

export interface DriverOptions {
  /** Host (or file) and database, for messages. */
  readonly name: string;
  /** Longest that one statement may take, milliseconds. */
  readonly statementTimeoutMs: number;
  readonly connectTimeoutMs: number;
}
