// How the instances of a loop ended. Pure.
import { instancePath } from '../run/paths.ts';
import type { RunState, StepState } from '../run/state.ts';

export interface LoopCounts {
  readonly total: number;
  /** Ended, however. */
  readonly ended: number;
  readonly failed: number;
  readonly skipped: number;
}

/** Indexes of those that ended, and not well; the rest of the ended ones are done. */
export interface LoopEnds {
  readonly failed: Set<number>;
  readonly skipped: Set<number>;
}

/** Costs the loop's length: for what is drawn again and again, see live-facts.ts. */
export function loopEnds(state: RunState, loop: StepState): LoopEnds {
  const ends: LoopEnds = { failed: new Set(), skipped: new Set() };
  const opened = loop.next + (loop.ahead?.size ?? 0);
  // What had its turn out of order lies behind the cursor; a loop's turns come in order but for a few.
  for (let index = 0, seen = 0; seen < opened && index < (loop.count ?? 0); index += 1) {
    if (noteEnd(ends, state, loop.path, index)) seen += 1;
  }
  return ends;
}

/** Takes up how one instance stands now. @returns false where its turn has not come. */
export function noteEnd(ends: LoopEnds, state: RunState, loop: string, index: number): boolean {
  const phase = state.steps.get(instancePath(loop, index))?.phase;
  if (phase === 'failed') ends.failed.add(index);
  else ends.failed.delete(index);
  if (phase === 'skipped') ends.skipped.add(index);
  else ends.skipped.delete(index);
  return phase !== undefined;
}

export function loopCounts(loop: StepState, ends: LoopEnds): LoopCounts {
  return {
    total: loop.count ?? 0,
    ended: loop.next + (loop.ahead?.size ?? 0) - (loop.active?.size ?? 0),
    failed: ends.failed.size,
    skipped: ends.skipped.size,
  };
}

/** `9998 done, 2 failed`; of a loop under way `120 of 10000, 2 failed`. */
export function loopPhrase({ total, ended, failed, skipped }: LoopCounts): string {
  if (total === 0) return 'no items';
  const done = ended - failed - skipped;
  const amiss = [...(failed > 0 ? [`${failed} failed`] : []), ...(skipped > 0 ? [`${skipped} skipped`] : [])];
  if (ended < total) return [`${ended} of ${total}`, ...amiss].join(', ');
  return [...(done > 0 ? [`${done} done`] : []), ...amiss].join(', ');
}
