// The store's clock: the server's, the same for every machine that shares it.
import { sql } from 'kysely';
import type { PostgresConnection, Transaction } from './connection.ts';

/** Milliseconds since the epoch. clock_timestamp() and not now(), which stands still during a transaction. */
const SERVER_MS = sql<number>`floor(extract(epoch from clock_timestamp()) * 1000)::float8`;

/** Asks inside a transaction what time it is. */
export type StoreClock = (transaction: Transaction) => Promise<number>;

export function serverClock({ db }: PostgresConnection): StoreClock {
  return async (transaction) => (await transaction.first(db.selectNoFrom(SERVER_MS.as('now'))))?.now ?? Number.NaN;
}

/** For tests: a clock of this process in the server's place. */
export function givenClock(clock: { now(): number }): StoreClock {
  return async () => clock.now();
}
