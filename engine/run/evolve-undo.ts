// The fold of an undo: which changes were taken back, and which were left.

import { isTakeable, targetKey } from './change-views.ts';
import type { ChangeRef, Inverse, LeftWhy, RunEvent } from './events.ts';
import type { Change, RunState, StepState } from './state.ts';

export function startUndo(state: RunState, event: RunEvent<'undo.started'>): void {
  const { undo, steps, cause, overwrites, unchecked, by } = event.data;
  state.undos = Math.max(state.undos, undo);
  const chosen = steps === undefined ? null : new Set(steps);
  const isUnchecked = unchecked === true;
  state.undo ??= {
    undo,
    steps: chosen,
    cause,
    overwrites,
    isUnchecked,
    by,
    underWay: new Map(),
    handled: new Map(),
    batches: 0,
  };
}

export function endUndo(state: RunState, event: RunEvent<'undo.ended'>): void {
  if (state.undo?.undo === event.data.undo) state.undo = null;
}

export function leaveChanges(state: RunState, event: RunEvent<'undo.left'>): void {
  for (const { step, key, why, text } of event.data.changes) {
    handle(state, { step, key });
    const change = changeAt(state, { step, key });
    if (!change) continue;
    change.left = text;
    change.leftWhy = why;
    if (why === 'changed-since' || why === 'gone') change.isGone = true;
    else delete change.isGone;
  }
}

export function openBatch(state: RunState, inverse: Inverse): void {
  const isCurrent = state.undo?.undo === inverse.undo;
  if (state.undo && isCurrent) {
    state.undo.batches += 1;
    state.undo.underWay.clear();
  }
  for (const ref of inverse.covers) {
    handle(state, ref);
    const change = changeAt(state, ref);
    if (!change) continue;
    if (isCurrent) cover(state, change, ref);
    // Looked at anew.
    forgetLeft(change);
    delete change.isGone;
  }
}

function cover(state: RunState, change: Change, ref: ChangeRef): void {
  const target = targetKey(change);
  const refs = state.undo?.underWay.get(target);
  if (refs) refs.push(ref);
  else state.undo?.underWay.set(target, [ref]);
}

/** What the inverse under way says of its targets counts at once: it may stop in the middle of them. */
export function restoreAsSettled(state: RunState, { step, data }: RunEvent<'change.settled'>): void {
  const inverse = step === undefined ? undefined : state.steps.get(step)?.inverse;
  if (!inverse || state.undo?.undo !== inverse.undo) return;
  for (const { id, outcome } of data.results) {
    const isRestored = outcome === 'done' || outcome === 'already';
    for (const ref of state.undo.underWay.get(targetKey({ kind: data.kind, id })) ?? []) {
      const change = changeAt(state, ref);
      if (change && isRestored) restore(change, inverse.undo);
      else if (change?.undone === inverse.undo) delete change.undone;
    }
  }
}

function restore(change: Change, undo: number): void {
  if (!isTakeable(change)) return;
  change.undone = undo;
  forgetLeft(change);
}

/** The inverse ended: what its own ledger says was done, or was so already, is taken back. */
export function settleInverse(state: RunState, step: StepState, { undo, covers }: Inverse): void {
  const inverses = new Map<string, Change>();
  for (const change of state.changes.get(step.path)?.values() ?? []) inverses.set(targetKey(change), change);
  const isByHand = step.phase === 'done' && step.by !== undefined;
  for (const ref of covers) {
    const change = changeAt(state, ref);
    if (!change) continue;
    const inverse = inverses.get(targetKey(change));
    const isRestored = inverse?.outcome === 'done' || inverse?.outcome === 'already';
    if (isRestored || (isByHand && change.left === undefined)) restore(change, undo);
    else {
      if (change.undone === undo) delete change.undone;
      if (isTakeable(change)) leave(change, step, inverse);
    }
  }
}

function leave(change: Change, step: StepState, inverse: Change | undefined): void {
  if (change.left !== undefined) return;
  change.left = step.skip?.text ?? inverse?.error ?? inverse?.outcome ?? 'the step that takes it back did not do it';
  const why = whyUntouched(inverse);
  if (why !== undefined) change.leftWhy = why;
}

/** The inverse itself says that it did not touch it, and was not to. */
export function whyUntouched(inverse: Change | undefined): Extract<LeftWhy, 'protected' | 'skipped'> | undefined {
  return inverse?.outcome === 'protected' || inverse?.outcome === 'skipped' ? inverse.outcome : undefined;
}

function forgetLeft(change: Change): void {
  delete change.left;
  delete change.leftWhy;
}

function changeAt(state: RunState, { step, key }: ChangeRef): Change | undefined {
  return state.changes.get(step)?.get(key);
}

function handle(state: RunState, { step, key }: ChangeRef): void {
  const { undo } = state;
  if (!undo) return;
  const keys = undo.handled.get(step);
  if (keys) keys.add(key);
  else undo.handled.set(step, new Set([key]));
}
