// A limiter that knows Clerk's published limit and learns the one that holds. It holds no clock of its own.

/** Clerk's rate-limit page: requests per 10 s and instance, all endpoints together (raised tenfold on 2025-07-03). */
export const PRODUCTION_REQUESTS_PER_WINDOW = 1000;
export const DEVELOPMENT_REQUESTS_PER_WINDOW = 100;
const WINDOW_MS = 10_000;
/** Requests reach Clerk with uneven delay: a slot is used again this much later than the window says. */
const SLACK_MS = 100;
/** A 429 without a Retry-After. */
const DEFAULT_PAUSE_MS = 1000;
/** No Retry-After may stop a run for longer than this; Clerk's window is 10 s. */
const MAX_PAUSE_MS = 60_000;
/** The allowance never falls below this share of the published limit, and grows back by it every clean window. */
const STEP_SHARE = 0.1;

export interface LimiterClock {
  now(): number;
  sleep(ms: number): Promise<void>;
}

/**
 * Never more than the allowance in any window, which satisfies a fixed and a sliding window on the other side.
 * On a 429 everything waits for Retry-After and the allowance is halved, once a storm: the app itself uses the same
 * limit, and after an over-run Clerk refuses every further request until the time has passed.
 */
export class RateLimiter {
  readonly #ceiling: number;
  #allowance: number;
  /** Times of the requests in the current window, oldest first. */
  #sent: number[] = [];
  #pausedUntil = 0;
  #lastChange = 0;
  #storms = 0;

  constructor(requestsPerWindow: number) {
    this.#ceiling = requestsPerWindow;
    this.#allowance = requestsPerWindow;
  }

  /** Requests a window it grants now. */
  get allowance(): number {
    return this.#allowance;
  }

  /**
   * Resolves when one request may leave, with a ticket that `refuse` takes back.
   * @throws what the clock's `sleep` rejects with.
   */
  async take(clock: LimiterClock): Promise<number> {
    for (;;) {
      const now = clock.now();
      const waitMs = this.#waitMs(now);
      if (waitMs <= 0) {
        this.#sent.push(now);
        return this.#storms;
      }
      await clock.sleep(waitMs);
    }
  }

  /** Tells it of a 429. Requests that were under way when a storm began belong to that storm, however late they end. */
  refuse(ticket: number, now: number, retryAfterMs: number | undefined): void {
    if (ticket === this.#storms) {
      this.#storms++;
      this.#allowance = Math.max(this.#step, Math.floor(this.#allowance / 2));
      this.#lastChange = now;
    }
    const pauseMs = Math.min(MAX_PAUSE_MS, Math.max(0, retryAfterMs ?? DEFAULT_PAUSE_MS));
    this.#pausedUntil = Math.max(this.#pausedUntil, now + pauseMs);
  }

  get #step(): number {
    return Math.max(1, Math.floor(this.#ceiling * STEP_SHARE));
  }

  #waitMs(now: number): number {
    this.#forgive(now);
    if (now < this.#pausedUntil) return this.#pausedUntil - now;
    this.#forget(now);
    const oldestThatCounts = this.#sent[this.#sent.length - this.#allowance];
    return oldestThatCounts === undefined ? 0 : oldestThatCounts + WINDOW_MS + SLACK_MS - now;
  }

  /** A wall clock set back must not hold requests for as long as it was set back. */
  #forgive(now: number): void {
    const newest = this.#sent.at(-1);
    if (newest !== undefined && newest > now) this.#sent = this.#sent.map((at) => Math.min(at, now));
    if (this.#pausedUntil > now + MAX_PAUSE_MS) this.#pausedUntil = now + MAX_PAUSE_MS;
    if (this.#lastChange > now) this.#lastChange = now;
    const cleanWindows = Math.floor((now - Math.max(this.#lastChange, this.#pausedUntil)) / WINDOW_MS);
    if (this.#allowance < this.#ceiling && cleanWindows > 0) {
      this.#allowance = Math.min(this.#ceiling, this.#allowance + cleanWindows * this.#step);
      this.#lastChange = now;
    }
  }

  #forget(now: number): void {
    const firstKept = this.#sent.findIndex((at) => at + WINDOW_MS + SLACK_MS > now);
    if (firstKept === -1) this.#sent = [];
    // Cut in lumps, so that a steady stream does not move the whole array at every request.
    else if (firstKept > this.#ceiling / 2) this.#sent = this.#sent.slice(firstKept);
  }
}
