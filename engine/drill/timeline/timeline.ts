// The timeline at work: looks what is due, makes it happen once, and writes both in one line. It looks before each request
// is answered, after each change of the responders, and when the next entry's time has come.
import type { WorldContext } from '../context.ts';
import type { Mutation } from '../state/mutation.ts';
import type { Happened } from '../state/timeline.ts';
import { happen } from './happenings.ts';
import type { Happening } from './spec.ts';
import { countIn, dueAfterMs, isDue, type Tally } from './triggers.ts';

export interface Timeline {
  /** Makes happen whatever is due now. */
  tick(): void;
  /** Does so by itself from now on. */
  start(): void;
  stop(): void;
  /** At once, outside the scenario's list. @returns what changed */
  now(happening: Happening): readonly Happened[];
}

/** @param past What happened before this process. */
export function createTimeline(context: WorldContext, past: readonly Mutation[]): Timeline {
  const { clock, state, startedAt, scenario } = context;
  const { timeline } = scenario;
  const tally: Tally = new Map();
  for (const mutation of past) countIn(tally, mutation);
  let isStopped = false;
  let isAtWork = false;

  const perform = (entry: number | null, happenings: readonly Happening[], at: number): readonly Happened[] => {
    const salt = 100 * (entry ?? 1000 + state.timeline.done.size);
    const mutations = happenings.flatMap((happening, place) => happen(context, happening, at, salt + place));
    context.commit({ type: 'timeline.done', at, by: 'world', entry, mutations });
    return mutations;
  };

  const tick = (): void => {
    // What happens is committed, which ends up here again.
    if (isAtWork || isStopped || state.timeline.done.size === timeline.length) return;
    isAtWork = true;
    try {
      const now = clock.now();
      timeline.forEach((entry, index) => {
        if (state.timeline.done.has(index) || !isDue(entry, now - startedAt, tally)) return;
        // When it was due, although nobody looked at that moment; but never before what has happened already.
        const due = dueAfterMs(entry);
        const at = due === undefined ? now : Math.min(now, Math.max(startedAt + due, state.last?.at ?? 0));
        perform(index, entry.do, at);
      });
    } finally {
      isAtWork = false;
    }
  };

  const wait = (): void => {
    const next = timeline
      .filter((_, index) => !state.timeline.done.has(index))
      .map(dueAfterMs)
      .filter((due) => due !== undefined);
    if (next.length === 0 || isStopped) return;
    void clock.sleep(Math.max(1, startedAt + Math.min(...next) - clock.now())).then(() => {
      if (isStopped) return;
      tick();
      wait();
    });
  };

  return {
    tick,
    start: () => {
      context.onCommit((mutation) => {
        countIn(tally, mutation);
        tick();
      });
      tick();
      wait();
    },
    stop: () => {
      isStopped = true;
    },
    now: (happening) => perform(null, [happening], clock.now()),
  };
}
