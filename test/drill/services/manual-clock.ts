// A drill clock that only the test moves: who sleeps wakes when the time has come, in order.
import type { DrillClock } from '../../../engine/drill/clock.ts';
import { STARTED_AT } from '../helpers.ts';

export interface ManualClock extends DrillClock {
  /** Moves the time and wakes whom it wakes; what they do next happens after this call. */
  advance(ms: number): void;
}

export function manualClock(start = STARTED_AT): ManualClock {
  let time = start;
  let sleepers: { readonly at: number; readonly wake: () => void }[] = [];
  return {
    now: () => time,
    sleep: (ms) =>
      new Promise((resolve) => {
        sleepers.push({ at: time + ms, wake: resolve });
      }),
    advance: (ms) => {
      time += ms;
      const due = sleepers.filter(({ at }) => at <= time).sort((a, b) => a.at - b.at);
      sleepers = sleepers.filter(({ at }) => at > time);
      for (const { wake } of due) wake();
    },
  };
}
