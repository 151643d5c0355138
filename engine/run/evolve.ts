// The fold: one event into the state, in place. Deterministic and total: an event that does not fit the state (which
// the writers' preconditions exclude) changes nothing it should not, and never throws.

import type { RunEvent } from './events.ts';
import { applyToStep } from './evolve-step.ts';
import { endUnhappily, fireTimer, openStep } from './evolve-turns.ts';
import type { RunState } from './state.ts';

/** Folds `event` into `state` and returns the same object. Costs what the event holds. */
export function evolve(state: RunState, event: RunEvent): RunState {
  state.seq = event.seq;
  state.head = event.hash;
  state.lastAt = event.at;
  apply(state, event);
  return state;
}

function apply(state: RunState, event: RunEvent): void {
  switch (event.type) {
    case 'run.created':
      state.created = event.data;
      state.operators.add(event.data.operator);
      state.createdAt = event.at;
      state.severity = event.data.playbook.severity;
      return;
    case 'run.attached':
      state.operators.add(event.data.operator);
      return;
    case 'run.paused':
    case 'note.added':
    case 'impact.stated':
    case 'cause.stated':
      return;
    case 'run.ending':
      state.outcome = event.data.outcome;
      return;
    case 'run.ended':
      state.outcome = event.data.outcome;
      state.outputs = event.data.outputs;
      state.endedAt = event.at;
      return;
    case 'abort.requested':
      state.abort ??= { by: event.data.by, reason: event.data.reason };
      return;
    case 'run.acknowledged':
      state.acknowledgedBy ??= event.data.by;
      return;
    case 'run.mitigated':
      state.mitigatedAt ??= event.at;
      return;
    case 'severity.changed':
      state.severity = event.data.severity;
      return;
    case 'drill.scored':
      state.score = event.data.score;
      return;
    case 'timer.fired':
      return fireTimer(state, event.data.timer, event.step);
    case 'step.opened':
      return openStep(state, event);
    case 'step.skipped':
    case 'step.failed':
      return endUnhappily(state, event);
    default:
      return applyToStep(state, event);
  }
}
