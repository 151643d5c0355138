// Opening a PostgreSQL store.
import type { Redactor, Store } from '../journal.ts';
import { parseAddress } from './address.ts';
import { givenClock, serverClock } from './clock.ts';
import { PostgresConnection } from './connection.ts';
import { PostgresJournal } from './journal.ts';
import { absentError, migrate, schemaState } from './migrate.ts';

export interface PostgresJournalOptions {
  /** `postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=verify-full`; what it leaves out comes from PGPASSWORD and its like. */
  readonly url: string;
  readonly redactor: Redactor;
  /** Makes no store where there is none. */
  readonly mustExist?: boolean;
  /** In the place of the server's clock, ms since the epoch: event times and leases. For tests. */
  readonly clock?: { now(): number };
  /** How long a write waits for another process's lock before E_STORE_BUSY. */
  readonly lockTimeoutMs?: number;
  /** How long lost connections are made anew before E_STORE_UNREACHABLE. */
  readonly reconnectForMs?: number;
}

/**
 * Opens the store, making its schema `runbook` or bringing it up to date where needed. Safe while other processes do the
 * same. A commit is on the server's disk (synchronous_commit=on) when it returns.
 * @throws E_STORE_ADDRESS, E_STORE_UNREACHABLE, E_STORE_UNREADABLE, E_STORE_MISSING, E_STORE_NEWER, E_STORE_FOREIGN,
 *   E_STORE_READONLY, E_STORE_BUSY, …; no message holds the password.
 */
export async function openPostgresJournal(options: PostgresJournalOptions): Promise<Store> {
  const { lockTimeoutMs, reconnectForMs } = options;
  const connection = new PostgresConnection({
    address: parseAddress(options.url),
    ...(lockTimeoutMs === undefined ? {} : { lockTimeoutMs }),
    ...(reconnectForMs === undefined ? {} : { reconnectForMs }),
  });
  try {
    const state = await schemaState(connection);
    if (state === 'absent' && options.mustExist) throw absentError(connection.address.shown);
    if (state !== 'current') await migrate(connection);
    const clock = options.clock ? givenClock(options.clock) : serverClock(connection);
    return new PostgresJournal({ connection, redactor: options.redactor, clock });
  } catch (error) {
    await connection.close();
    throw error;
  }
}
