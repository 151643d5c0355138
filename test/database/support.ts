// Connections for the suites, each over a database of its own, and what is looked up behind the product's back.
import { setTimeout as sleep } from 'node:timers/promises';
import Sqlite from 'better-sqlite3';
import { type RawBuilder, sql } from 'kysely';
import mysql from 'mysql2/promise';
import pg from 'pg';
import type { DatabaseQueries } from '../../engine/action.ts';
import { type ConnectOptions, connectDatabase } from '../../engine/database/connect.ts';
import type { Connections } from '../../engine/database/transactions.ts';

export const NEVER = new AbortController().signal;

export interface Opened {
  readonly url: string;
  readonly connections: Connections;
  read<T>(work: (db: DatabaseQueries) => Promise<T>, signal?: AbortSignal): Promise<T>;
  write<T>(work: (db: DatabaseQueries) => Promise<T>, signal?: AbortSignal): Promise<T>;
}

export async function open(url: string, more: Partial<ConnectOptions> = {}): Promise<Opened> {
  const connections = await connectDatabase({ url, root: '/', ...more });
  return {
    url,
    connections,
    read: (work, signal = NEVER) => connections.run('read', work, { signal }),
    write: (work, signal = NEVER) => connections.run('write', work, { signal }),
  };
}

/** The rows of a statement written by hand. */
export async function rows(db: DatabaseQueries, statement: RawBuilder<unknown>): Promise<unknown[]> {
  return (await statement.execute(db)).rows;
}

/** Not through the product: statements of the dialect, one after the other. */
export async function behind(url: string, ...statements: readonly string[]): Promise<unknown[]> {
  if (url.startsWith('sqlite:')) {
    const db = new Sqlite(url.replace(/^sqlite:/, ''));
    try {
      return statements
        .map((text) => (db.prepare(text).reader ? db.prepare(text).all() : db.prepare(text).run()))
        .at(-1) as unknown[];
    } finally {
      db.close();
    }
  }
  if (url.startsWith('mysql:')) {
    const connection = await mysql.createConnection(url);
    let last: unknown;
    for (const text of statements) [last] = await connection.query(text);
    await connection.end();
    // Rows where the last statement asks for some.
    return last as unknown[];
  }
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  let last: unknown[] = [];
  for (const text of statements) ({ rows: last } = await client.query(text));
  await client.end();
  return last;
}

export async function until(what: string, holds: () => boolean | Promise<boolean>, withinMs = 10_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`);
    await sleep(20);
  }
}

/** A statement that takes longer than anybody waits. */
export function endless(dialect: Connections['dialect']): RawBuilder<unknown> {
  if (dialect === 'postgres') return sql`select pg_sleep(60)`;
  if (dialect === 'mysql') return sql`select sleep(60)`;
  return sql`with recursive n(i) as (select 1 union all select i + 1 from n) select i from n limit 500000000`;
}
