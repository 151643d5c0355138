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
/** The allowance never falls below this share of the published limit. */
const FLOOR_SHARE = 0.1;
/** What a first 429 leaves of the allowance. It may be a stray one, so it must not cost much. */
const AFTER_FIRST = 0.7;
/** Another 429 within so many windows says that it was none. */
const MEMORY_WINDOWS = 10;
/** How far below the wall it stays: room for the app's own traffic to swing. */
const BELOW_WALL = 0.9;
/** Own requests of at least this share of the wall explain a 429: the wall was hit. */
const EXPLAINED_SHARE = 0.8;
/** Clean windows below the wall before it asks for more. */
const PATIENCE_WINDOWS = 9;
/** The first step past the wall, a share of the published limit; each one after it is twice as large. */
const PROBE_SHARE = 0.05;

export interface LimiterClock {
  now(): number;
  sleep(ms: number): Promise<void>;
}

/**
 * Never more than the allowance in any window, which satisfies a fixed and a sliding window on the other side. On a 429
 * everything waits for Retry-After: Clerk refuses every further request until it has passed.
 *
 * The app itself uses the same limit, so what is left for us is learned, as TCP learns of a link that others use too:
 * - A 429 that comes alone may be anybody's burst. The allowance falls a little and is back within a few windows.
 * - A second one soon after it, or one when we had sent about as much as was refused before, shows where the wall is: as
 *   much as we had sent. The allowance stays below it.
 * - After a while without a 429 it asks for more, in growing steps, until it meets the wall again or the published limit.
 */
export class RateLimiter {
  readonly #ceiling: number;
  #allowance: number;
  /** What is thought to be possible; the published limit until a 429 showed another. */
  #wall: number;
  /** Times of the requests in the current window, oldest first. */
  #sent: number[] = [];
  #pausedUntil = 0;
  #lastChange = 0;
  #lastStormAt = Number.NEGATIVE_INFINITY;
  /** Clean windows at the wall since the last 429. */
  #quietWindows = 0;
  #storms = 0;

  constructor(requestsPerWindow: number) {
    this.#ceiling = requestsPerWindow;
    this.#allowance = requestsPerWindow;
    this.#wall = requestsPerWindow;
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
      this.#fall(now);
    }
    const pauseMs = Math.min(MAX_PAUSE_MS, Math.max(0, retryAfterMs ?? DEFAULT_PAUSE_MS));
    this.#pausedUntil = Math.max(this.#pausedUntil, now + pauseMs);
  }

  #fall(now: number): void {
    const isSoonAfter = now - this.#lastStormAt < MEMORY_WINDOWS * WINDOW_MS;
    // Without the one that was refused.
    const own = this.#sent.filter((at) => at > now - WINDOW_MS).length - 1;
    const isAtKnownWall = this.#wall < this.#ceiling && own >= this.#wall * EXPLAINED_SHARE;
    if (isSoonAfter || isAtKnownWall) {
      // With little of our own in the window it is no measure: then half of what was allowed.
      this.#wall = this.#bounded(Math.max(own, this.#allowance / 2));
      this.#allowance = this.#bounded(this.#settled);
    } else this.#allowance = this.#bounded(this.#allowance * AFTER_FIRST);
    this.#lastStormAt = now;
    this.#lastChange = now;
    this.#quietWindows = 0;
  }

  #bounded(requests: number): number {
    const floor = Math.max(1, Math.floor(this.#ceiling * FLOOR_SHARE));
    return Math.min(this.#ceiling, Math.max(floor, Math.floor(requests)));
  }

  /** Where it stays. */
  get #settled(): number {
    return this.#wall >= this.#ceiling ? this.#ceiling : this.#bounded(this.#wall * BELOW_WALL);
  }

  /** After a clean window: half of the way back to where it stays; or, after a while there, past the wall. */
  #grow(): void {
    const missing = this.#settled - this.#allowance;
    if (missing > 0) {
      const isNear = missing <= this.#ceiling * PROBE_SHARE;
      this.#allowance += isNear ? missing : Math.ceil(missing / 2);
      return;
    }
    this.#quietWindows++;
    const probe = this.#quietWindows - PATIENCE_WINDOWS;
    if (probe <= 0) return;
    this.#allowance = this.#bounded(this.#allowance + this.#ceiling * PROBE_SHARE * 2 ** (probe - 1));
    this.#wall = Math.max(this.#wall, this.#allowance);
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
    if (this.#lastStormAt > now) this.#lastStormAt = now;
    const cleanWindows = Math.floor((now - Math.max(this.#lastChange, this.#pausedUntil)) / WINDOW_MS);
    if (this.#allowance >= this.#ceiling || cleanWindows <= 0) return;
    for (let grown = 0; grown < cleanWindows && this.#allowance < this.#ceiling; grown++) this.#grow();
    this.#lastChange = now;
  }

  #forget(now: number): void {
    const firstKept = this.#sent.findIndex((at) => at + WINDOW_MS + SLACK_MS > now);
    if (firstKept === -1) this.#sent = [];
    // Cut in lumps, so that a steady stream does not move the whole array at every request.
    else if (firstKept > this.#ceiling / 2) this.#sent = this.#sent.slice(firstKept);
  }
}
