// What a screen that watches a run knows beyond its state: when the attempt under way began, outputs' verdicts, which
// the state may not keep, and what it counted before, so that a redraw counts only what came since. Small: one entry a
// step at work, one a step that is not well, one a loop or a folded step in sight.
import type { RunEvent } from '../run/events.ts';
import { isInside, parentPath } from '../run/paths.ts';
import type { RunState, StepState } from '../run/state.ts';
import { type LoopEnds, loopEnds, noteEnd } from './loop-counts.ts';
import { badVerdict } from './verdict.ts';

export interface LiveFacts {
  /** By step path, in ms since the epoch; only of attempts under way. */
  readonly startedAt: Map<string, number>;
  /** By step path. */
  readonly verdicts: Map<string, string>;
  /** Of loops that were drawn, by path. */
  readonly loops: Map<string, LoopEnds>;
  /** Instances that ended since their loop was drawn last. */
  readonly ended: { readonly loop: string; readonly index: number }[];
  /** What ended steps did to the outside, in words, by path; of those that were drawn. */
  readonly phrases: Map<string, readonly string[]>;
  /** What is not well inside containers that are done, by path; of those that were drawn. */
  readonly troubles: Map<string, string | null>;
}

export function createLiveFacts(): LiveFacts {
  return {
    startedAt: new Map(),
    verdicts: new Map(),
    loops: new Map(),
    ended: [],
    phrases: new Map(),
    troubles: new Map(),
  };
}

/** Takes up one event, in place. */
export function noteFact(facts: LiveFacts, event: RunEvent): void {
  if (event.step === undefined) return;
  switch (event.type) {
    case 'attempt.started':
      // The rounds of `until` are one piece of work.
      if (event.data.round === 0) facts.startedAt.set(event.step, Date.parse(event.at));
      return;
    case 'step.done': {
      facts.startedAt.delete(event.step);
      noteInstance(facts, event.step);
      const verdict = badVerdict(event.data.output);
      if (verdict !== null) facts.verdicts.set(event.step, verdict);
      return;
    }
    case 'step.reopened':
      facts.verdicts.delete(event.step);
      forget(facts, event.step);
      return;
    case 'step.failed':
    case 'step.skipped':
      facts.startedAt.delete(event.step);
      noteInstance(facts, event.step);
      return;
    case 'step.closed':
    case 'output.given':
      noteInstance(facts, event.step);
      return;
    case 'change.intended':
    case 'change.settled':
    case 'doubt.resolved':
      forgetPhrases(facts, event.step);
      return;
    case 'attempt.interrupted':
    case 'approval.requested':
      facts.startedAt.delete(event.step);
      return;
    default:
      return;
  }
}

const INSTANCE = /^(.*)\[(\d+)\]$/;

function noteInstance(facts: LiveFacts, path: string): void {
  const [, loop, index] = INSTANCE.exec(path) ?? [];
  if (loop !== undefined && facts.loops.has(loop)) facts.ended.push({ loop, index: Number(index) });
}

/** A container comes again with what was cut short in it. */
function forget(facts: LiveFacts, path: string): void {
  for (const loop of facts.loops.keys()) if (loop === path || isInside(loop, path)) facts.loops.delete(loop);
  forgetPhrases(facts, path);
}

/** A folded step tells what the steps inside it did. */
function forgetPhrases(facts: LiveFacts, path: string): void {
  for (let at: string | undefined = path; at !== undefined; at = parentPath(at)) {
    facts.phrases.delete(at);
    facts.troubles.delete(at);
  }
}

/** How a loop's instances ended: counted whole when first drawn, then only what came since. */
export function endsOf(facts: LiveFacts | undefined, state: RunState, loop: StepState): LoopEnds {
  if (facts === undefined) return loopEnds(state, loop);
  for (const one of facts.ended.splice(0)) {
    const ends = facts.loops.get(one.loop);
    if (ends) noteEnd(ends, state, one.loop, one.index);
  }
  let ends = facts.loops.get(loop.path);
  if (!ends) {
    ends = loopEnds(state, loop);
    facts.loops.set(loop.path, ends);
  }
  return ends;
}
