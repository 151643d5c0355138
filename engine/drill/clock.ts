// Time comes into the drill world as an argument, so that tests own it.

export interface DrillClock {
  /** Wall clock, milliseconds since 1970. */
  now(): number;
  /** Resolves after `ms`; only latency faults wait. */
  sleep(ms: number): Promise<void>;
}

export const systemClock: DrillClock = {
  now: () => Date.now(),
  // A world that was stopped must not keep its process for the sake of a slow answer.
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms).unref()),
};
