// The way to a team's own database: from its URL to transactions. Knows nothing of runs. Drivers are loaded when they are
// needed: together they would cost every command a tenth of a second.
import { realpathSync } from 'node:fs';
import { isAbsolute, relative, resolve } from 'node:path';
import { RunbookError } from '../errors.ts';
import { type DatabaseAddress, parseDatabaseUrl } from './address.ts';
import type { Driver, DriverOptions } from './session.ts';
import { type Connections, createConnections } from './transactions.ts';

const STATEMENT_TIMEOUT_MS = 30_000;
const CONNECT_TIMEOUT_MS = 10_000;

export interface ConnectOptions {
  readonly url: string;
  /** What a relative path of a SQLite file is relative to. */
  readonly root: string;
  /** Set for a drill: servers of this machine, and files in this folder; nothing else is reached. */
  readonly within?: { readonly folder: string | undefined };
  readonly statementTimeoutMs?: number;
  readonly connectTimeoutMs?: number;
}

/**
 * Connects at the first transaction.
 * @throws E_DB_URL, E_DB_DRILL
 */
export async function connectDatabase(options: ConnectOptions): Promise<Connections> {
  const address = parseDatabaseUrl(options.url, options.root);
  const named = await nameAndDriver(address);
  if (options.within !== undefined) assertWithin(options.within, address, named);
  const driverOptions: DriverOptions = {
    name: named.name,
    statementTimeoutMs: options.statementTimeoutMs ?? STATEMENT_TIMEOUT_MS,
    connectTimeoutMs: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
  };
  return createConnections(named.driver(driverOptions), driverOptions);
}

interface Named {
  readonly name: string;
  /** Absent: a file. */
  readonly host?: string;
  readonly driver: (options: DriverOptions) => Driver;
}

async function nameAndDriver(address: DatabaseAddress): Promise<Named> {
  switch (address.dialect) {
    case 'sqlite': {
      const { sqliteDriver } = await import('./sqlite/driver.ts');
      return { name: address.file, driver: (options) => sqliteDriver(address.file, options) };
    }
    case 'postgres': {
      const { postgresTarget } = await import('./postgres/driver.ts');
      return postgresTarget(address.url);
    }
    case 'mysql': {
      const { mysqlTarget } = await import('./mysql/driver.ts');
      return mysqlTarget(address.url);
    }
  }
}

const LOOPBACK_HOST = /^(localhost|127\.\d+\.\d+\.\d+|::1)$/;

function assertWithin(
  { folder }: NonNullable<ConnectOptions['within']>,
  address: DatabaseAddress,
  { host = '', name }: Named,
): void {
  const isAllowed =
    address.dialect === 'sqlite' ? folder !== undefined && isInside(folder, address.file) : LOOPBACK_HOST.test(host);
  if (isAllowed) return;
  throw new RunbookError({
    code: 'E_DB_DRILL',
    message: `The database ${name} was not opened: this is a drill, which reaches nothing but its own world`,
    hint: 'A scenario with `app.table` has a database of its own; leave the secret to it',
  });
}

/** Links are followed: a file of the world may not lead out of it. */
function isInside(folder: string, file: string): boolean {
  const inside = relative(real(folder), real(file));
  return inside !== '' && !inside.startsWith('..') && !isAbsolute(inside);
}

function real(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return resolve(path);
  }
}
