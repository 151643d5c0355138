// Real databases for tests, each with a server of its own on a free port of this machine: a SQLite file, PostgreSQL, MariaDB.
// For a test file: `const servers = await databaseServers()`, then `describe.each(servers)`, and `stopServers(servers)` after all.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Sqlite from 'better-sqlite3';
import { PostgresServer } from '../store/postgres-server.ts';
import { findMariadb, MariadbServer } from './mariadb-server.ts';

export interface DatabaseServer {
  /** For the name of a suite. */
  readonly title: 'SQLite' | 'PostgreSQL' | 'MariaDB';
  readonly dialect: 'sqlite' | 'postgres' | 'mysql';
  /** @returns the URL of a new, empty database. */
  database(): Promise<string>;
  stop(): Promise<void>;
}

/** MariaDB is left out, and that is printed, where it is not installed; in CI that is an error. */
export async function databaseServers(): Promise<readonly DatabaseServer[]> {
  const started = await Promise.all([sqliteFiles(), postgres(), mariadb()]);
  return started.filter((server) => server !== undefined);
}

export async function stopServers(servers: readonly DatabaseServer[]): Promise<void> {
  await Promise.all(servers.map((server) => server.stop()));
}

async function sqliteFiles(): Promise<DatabaseServer> {
  const folder = await mkdtemp(join(tmpdir(), 'runbook-sqlite-'));
  return {
    title: 'SQLite',
    dialect: 'sqlite',
    async database() {
      const file = join(folder, `${randomBytes(4).toString('hex')}.db`);
      const made = new Sqlite(file);
      made.pragma('journal_mode = WAL');
      made.close();
      return `sqlite:${file}`;
    },
    stop: () => rm(folder, { recursive: true, force: true }),
  };
}

async function postgres(): Promise<DatabaseServer> {
  const server = await PostgresServer.start();
  return {
    title: 'PostgreSQL',
    dialect: 'postgres',
    database: () => server.database(),
    stop: () => server.stop(),
  };
}

async function mariadb(): Promise<DatabaseServer | undefined> {
  const binaries = findMariadb();
  if (binaries === undefined) {
    if (process.env.CI !== undefined) throw new Error('CI tests MariaDB, and mariadb-server is not installed');
    process.stdout.write('SKIPPED on MariaDB: it is not installed here (apt-get install mariadb-server)\n');
    return undefined;
  }
  const server = await MariadbServer.start(binaries);
  return { title: 'MariaDB', dialect: 'mysql', database: () => server.database(), stop: () => server.stop() };
}
