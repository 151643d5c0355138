// Time comes into the drill world as an argument, so that tests own it.

export interface DrillClock {
  /** Wall clock, milliseconds since 1970. */
  now(): number;
  /** Resolves after `ms`. */
  sleep(ms: number): Promise<void>;
}

export const systemClock: DrillClock = {
  now: () => Date.now(),
  // A world that was stopped must not keep its process for the sake of a slow answer.
  sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms).unref()),
};

/**
 * Runs `speed` times as fast from `startedAt` on, so that whatever waits in the world waits so much shorter. A function of the
 * base clock alone: a world that is resumed needs no more than its start and its speed.
 */
export function spedUp(base: DrillClock, startedAt: number, speed: number): DrillClock {
  if (speed === 1) return base;
  return {
    now: () => Math.floor(startedAt + (base.now() - startedAt) * speed),
    sleep: (ms) => base.sleep(ms / speed),
  };
}
