// What a screen that watches a run knows beyond its state: when the attempt under way began, and outputs' verdicts,
// which the state may not keep. Small: one entry a step at work, one a step that is not well.
import type { RunEvent } from '../run/events.ts';
import { badVerdict } from './verdict.ts';

export interface LiveFacts {
  /** By step path, in ms since the epoch; only of attempts under way. */
  readonly startedAt: Map<string, number>;
  /** By step path. */
  readonly verdicts: Map<string, string>;
}

export function createLiveFacts(): LiveFacts {
  return { startedAt: new Map(), verdicts: new Map() };
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
      const verdict = badVerdict(event.data.output);
      if (verdict !== null) facts.verdicts.set(event.step, verdict);
      return;
    }
    case 'step.reopened':
      facts.verdicts.delete(event.step);
      return;
    case 'step.failed':
    case 'step.skipped':
    case 'attempt.interrupted':
    case 'approval.requested':
      facts.startedAt.delete(event.step);
      return;
    default:
      return;
  }
}
