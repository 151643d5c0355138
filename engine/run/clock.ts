// Time as an argument. Wall time orders nothing; monotonic time measures.

export interface Clock {
  /** Wall clock, milliseconds since 1970. */
  now(): number;
  /** Milliseconds, never backwards. */
  monotonic(): number;
  /** Calls back once after `ms`; returns cancel. */
  after(ms: number, callback: () => void): () => void;
}

/** setTimeout takes at most 2^31-1 ms; a longer one would fire at once. */
const LONGEST_TIMEOUT_MS = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, callback) {
    const deadline = performance.now() + ms;
    let handle: NodeJS.Timeout;
    const arm = (): void => {
      const left = deadline - performance.now();
      if (left > LONGEST_TIMEOUT_MS) handle = setTimeout(arm, LONGEST_TIMEOUT_MS);
      else handle = setTimeout(callback, Math.max(0, left));
    };
    arm();
    return () => clearTimeout(handle);
  },
};
