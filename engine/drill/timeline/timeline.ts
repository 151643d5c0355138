// The timeline at work: looks what is due, makes it happen once, and writes both in one line. It looks before each request
// is answered, after each change of the responders, and when the next entry's time has come.
import type { WorldContext } from '../context.ts';
import { unfold } from '../state/mutation.ts';
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

export function createTimeline(context: WorldContext): Timeline {
  const { clock, state, startedAt, scenario } = context;
  const { timeline } = scenario;
  const tally: Tally = new Map();
  for (const mutation of context.past.flatMap(unfold)) countIn(tally, mutation);
  let isStopped = false;
  let isAtWork = false;

  const perform = (entry: number | null, happenings: readonly Happening[], at: number): readonly Happened[] => {
    const salt = 100 * (entry ?? 1000 + state.timeline.asked);
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
      const due = timeline
        .map((entry, index) => ({ entry, index, due: dueAfterMs(entry) }))
        .filter(({ entry, index }) => !state.timeline.done.has(index) && isDue(entry, now - startedAt, tally))
        // In the order of their times, whatever the file's; what waited for responders is due only now.
        .sort((a, b) => (a.due ?? now - startedAt) - (b.due ?? now - startedAt));
      for (const { entry, index, due: dueAt } of due) {
        // When it was due, although nobody looked at that moment; but never before what has happened already.
        const at = dueAt === undefined ? now : Math.min(now, Math.max(startedAt + dueAt, state.last?.at ?? 0));
        perform(index, entry.do, at);
      }
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
      context.onCommit((mutation) => countIn(tally, mutation));
      context.onSettled(tick);
      tick();
      wait();
    },
    stop: () => {
      isStopped = true;
    },
    now: (happening) => perform(null, [happening], clock.now()),
  };
}
