// Why an action was stopped for a person's decision, with what that person must be told.
import { Paused } from '../action.ts';
import type { EventData, PlannedTarget } from './events.ts';
import type { Doubt } from './state.ts';

export type LimitPassed = NonNullable<EventData['approval.requested']['limits']>[number];

/** Nothing of the list was sent: the run would touch more than it may. */
export class OverLimit extends Paused {
  readonly limits: readonly LimitPassed[];
  /** What was about to be touched. */
  readonly targets: readonly PlannedTarget[];

  constructor(limits: readonly LimitPassed[], targets: readonly PlannedTarget[]) {
    super('limit', overLimitText(limits));
    this.limits = limits;
    this.targets = targets;
  }
}

/** `the run would touch 51 targets of kind user, and its limit is 50` */
function overLimitText(limits: readonly LimitPassed[]): string {
  const parts = limits.map(({ kind, limit, count }) => `${count} targets of kind ${kind}, and its limit is ${limit}`);
  return `the run would touch ${parts.join('; ')}`;
}

/** Sent before, and nobody knows whether it happened; it must not simply be sent again. */
export class InDoubt extends Paused {
  readonly doubts: readonly Doubt[];

  constructor(doubts: readonly Doubt[]) {
    super('in-doubt', inDoubtText(doubts));
    this.doubts = doubts;
  }
}

function inDoubtText(doubts: readonly Doubt[]): string {
  const names = doubts.flatMap(({ verb, kind, ids }) => ids.map((id) => `${verb} ${kind} ${id}`));
  const more = names.length > 5 ? ` and ${names.length - 5} more` : '';
  return `${names.slice(0, 5).join(', ')}${more}: sent, but no answer was recorded, and it must not be sent twice`;
}
