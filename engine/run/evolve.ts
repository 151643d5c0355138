// The fold: one event into the state, in place. Deterministic and total: an event that does not fit the state (which
// the writers' preconditions exclude) changes nothing it should not, and never throws.

import type { BlobRef, RunEvent } from './events.ts';
import { applyToStep } from './evolve-step.ts';
import { endUnhappily, fireTimer, openStep } from './evolve-turns.ts';
import { endUndo, leaveChanges, restoreAsSettled, startUndo } from './evolve-undo.ts';
import { finallyAround } from './paths.ts';
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
    case 'event.redacted':
      return;
    case 'artifact.kept':
      return keepArtifacts(state, event);
    case 'run.ending':
      state.outcome = event.data.outcome;
      return;
    case 'run.ended':
      state.outcome = event.data.outcome;
      state.outputs = event.data.outputs;
      state.endedAt = event.at;
      return;
    case 'run.adopted':
      return adopt(state, event);
    case 'abort.requested':
      return requestAbort(state, { by: event.data.by, reason: event.data.reason });
    case 'undo.started':
      return startUndo(state, event);
    case 'undo.left':
      return leaveChanges(state, event);
    case 'undo.ended':
      return endUndo(state, event);
    case 'temporary.kept':
      if (event.step !== undefined) state.kept.set(event.step, { by: event.data.by, reason: event.data.reason });
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
    case 'change.settled':
      applyToStep(state, event);
      return restoreAsSettled(state, event);
    default:
      return applyToStep(state, event);
  }
}

/** While a `finally` is under way, a further request gives up what is left of it; otherwise the first one counts. */
function requestAbort(state: RunState, abort: { readonly by: string; readonly reason: string }): void {
  if (state.outcome === null && state.abort === null) {
    state.abort = abort;
    return;
  }
  for (const path of state.openGroups)
    if (finallyAround(path) === path && !state.finallyAborts.has(path)) state.finallyAborts.set(path, abort);
}

/** The same run with another playbook: what had its turn keeps its path, and stands where the new one has it. */
function adopt(state: RunState, event: RunEvent<'run.adopted'>): void {
  const { playbook, calls, templates, turns, indexes, voided = [] } = event.data;
  if (!state.created) return;
  state.created = {
    ...state.created,
    playbook,
    ...(calls === undefined ? {} : { calls }),
    ...(templates === undefined ? {} : { templates }),
  };
  for (const [path, index] of Object.entries(indexes)) {
    const step = state.steps.get(path);
    if (step) step.index = index;
  }
  for (const path of voided) {
    const step = state.steps.get(path);
    if (step?.approval) step.approval = { ...step.approval, pending: null, granted: null, isVoided: true };
  }
  for (const { path, next, ahead } of turns) {
    const group = state.steps.get(path);
    if (!group?.ahead) continue;
    group.next = next;
    group.ahead.clear();
    for (const index of ahead) group.ahead.add(index);
  }
}

/** An erasure leaves a text in the place of a reference: that file cannot be read any more. */
function keepArtifacts(state: RunState, { step, data }: RunEvent<'artifact.kept'>): void {
  if (step === undefined) return;
  const files = state.artifacts.get(step) ?? new Map<string, BlobRef>();
  state.artifacts.set(step, files);
  for (const file of data.evidence) if (file.name !== undefined) files.set(file.name, file);
}
