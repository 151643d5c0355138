// One open SQLite file. Everything here is synchronous, as SQLite is: a transaction is one function call, and nothing
// else of this process can get in between.
//
// Kysely builds and types every statement; it does not execute them. Its SQLite driver begins transactions with a plain
// BEGIN, and then a read followed by a write fails at once with SQLITE_BUSY when two processes write, whatever the
// time-out. It also compiles and prepares at every call: the three statements of an append cost 175 us that way, 75 us
// when prepared once by their text (as here), 48 us as templates (template.ts); measured on a memory file system.
import type Database from 'better-sqlite3';
import { type Compilable, type InferResult, Kysely, SqliteDialect } from 'kysely';
import type { StoreSchema } from '../schema.ts';
import { storeError } from './errors.ts';

/**
 * How far a commit gets before it returns. `disk`: it survives a power cut. `process`: it survives the end of this
 * process, and is on the disk with the next commit that reaches it, in order.
 */
export type Reach = 'disk' | 'process';

export class SqliteConnection {
  readonly file: string;
  readonly db: Kysely<StoreSchema>;
  readonly handle: Database.Database;
  readonly #statements = new Map<string, Database.Statement>();
  readonly #begin: Database.Statement;
  readonly #commit: Database.Statement;
  readonly #rollback: Database.Statement;
  #reach: Reach = 'disk';

  constructor(file: string, handle: Database.Database) {
    this.file = file;
    this.handle = handle;
    this.db = new Kysely<StoreSchema>({ dialect: new SqliteDialect({ database: handle }) });
    this.#begin = handle.prepare('BEGIN IMMEDIATE');
    this.#commit = handle.prepare('COMMIT');
    this.#rollback = handle.prepare('ROLLBACK');
  }

  /** The rows of a query. */
  all<Q extends Compilable<unknown>>(query: Q): InferResult<Q> {
    const { sql, parameters } = query.compile();
    // Safe: Kysely typed the query against the schema the migrations made.
    return this.#guard(() => this.#statement(sql).all(...parameters)) as InferResult<Q>;
  }

  /** The first row, if there is one. */
  first<Q extends Compilable<unknown>>(query: Q): InferResult<Q>[number] | undefined {
    return this.all(query)[0] as InferResult<Q>[number] | undefined;
  }

  /** @returns how many rows it changed. */
  run(query: Compilable<unknown>): number {
    const { sql, parameters } = query.compile();
    return this.#guard(() => this.#statement(sql).run(...parameters)).changes;
  }

  /**
   * Runs `work` with the write lock from its first statement on, waiting for it no longer than the busy time-out.
   * Durable when it returns. @throws what `work` throws, or a store error; nothing was written then.
   */
  write<T>(work: () => T, reach: Reach = 'disk'): T {
    return this.#guard(() => {
      // In WAL mode NORMAL differs from FULL in just this: a commit does not wait for the disk.
      if (reach !== this.#reach) this.handle.pragma(`synchronous = ${reach === 'disk' ? 'FULL' : 'NORMAL'}`);
      this.#reach = reach;
      this.#begin.run();
      try {
        const result = work();
        this.#commit.run();
        return result;
      } catch (error) {
        // SQLite has rolled back by itself after some errors (a full disk, for one).
        if (this.handle.inTransaction) this.#rollback.run();
        throw error;
      }
    });
  }

  /**
   * The same for work that waits for something between its statements. Nothing else may be asked of this connection
   * meanwhile, and others that want to write wait.
   */
  async writeSlowly<T>(work: () => Promise<T>): Promise<T> {
    try {
      if (this.#reach !== 'disk') this.handle.pragma('synchronous = FULL');
      this.#reach = 'disk';
      this.#begin.run();
      try {
        const result = await work();
        this.#commit.run();
        return result;
      } catch (error) {
        if (this.handle.inTransaction) this.#rollback.run();
        throw error;
      }
    } catch (error) {
      throw storeError(error, this.file);
    }
  }

  /** What Kysely does not build: pragmas, VACUUM. @throws store errors */
  raw<T>(work: (handle: Database.Database) => T): T {
    return this.#guard(() => work(this.handle));
  }

  /** Changes whenever another connection, of this process or another, has committed. */
  dataVersion(): number {
    return this.#guard(() => Number(this.handle.pragma('data_version', { simple: true })));
  }

  close(): void {
    this.#guard(() => this.handle.close());
  }

  #statement(sql: string): Database.Statement {
    let statement = this.#statements.get(sql);
    if (!statement) {
      statement = this.handle.prepare(sql);
      this.#statements.set(sql, statement);
    }
    return statement;
  }

  #guard<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw storeError(error, this.file);
    }
  }
}
