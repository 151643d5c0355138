// How long this store waits, and for what. All in milliseconds.

/** For a connection to be made. */
export const CONNECT_TIMEOUT_MS = 10_000;
/** For an answer to one statement: after that the connection counts as lost, for a network may drop it in silence. */
export const ANSWER_TIMEOUT_MS = 30_000;
/** For a statement that rewrites whole tables. */
export const UPKEEP_TIMEOUT_MS = 6 * 3_600_000;
/** For connections to end in good form. */
export const CLOSE_TIMEOUT_MS = 2_000;
/** For another process's lock. Longer than IDLE_IN_TRANSACTION_MS: a dead holder's lock is always waited out. */
export const LOCK_TIMEOUT_MS = 15_000;
/** After this the server ends a transaction whose client has gone silent: a laptop that died keeps no run locked. */
export const IDLE_IN_TRANSACTION_MS = 10_000;
/** How long lost connections are made anew before the caller hears of it: a fail-over takes some seconds. */
export const RECONNECT_FOR_MS = 20_000;
/** Between two attempts: it doubles from the first to the second. */
export const RETRY_MS = { first: 50, longest: 2_000 } as const;
