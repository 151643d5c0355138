// The sender's times, as its documentation states them (Svix, "Retries": https://docs.svix.com/retries).

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** How long after the attempt before it each attempt is made: eight attempts, 27 h 35 min 5 s in all. */
export const RETRY_DELAYS_MS: readonly number[] = [
  0,
  5 * SECOND_MS,
  5 * MINUTE_MS,
  30 * MINUTE_MS,
  2 * HOUR_MS,
  5 * HOUR_MS,
  10 * HOUR_MS,
  10 * HOUR_MS,
];
/** "15 s to answer"; a 3xx counts as a failure too. */
export const ANSWER_TIMEOUT_MS = 15 * SECOND_MS;
/** An endpoint that fails for so long, without one success between, is disabled. */
export const ENDPOINT_GIVES_UP_MS = 5 * 24 * HOUR_MS;
/** How long a replaced secret still signs beside the new one. */
export const SECRET_GRACE_MS = 24 * HOUR_MS;

/** When to try again after `failures` failed attempts, the last of them at `at`; undefined where it is given up. */
export function nextAttemptAt(failures: number, at: number): number | undefined {
  const delay = RETRY_DELAYS_MS[failures];
  return delay === undefined ? undefined : at + delay;
}
