// The fold of an undo: which changes were taken back, and which were left.
import type { ChangeRef, Inverse, RunEvent } from './events.ts';
import type { Change, RunState, StepState } from './state.ts';

export function startUndo(state: RunState, event: RunEvent<'undo.started'>): void {
  const { undo, steps, cause, overwrites, by } = event.data;
  state.undos = Math.max(state.undos, undo);
  const chosen = steps === undefined ? null : new Set(steps);
  state.undo ??= { undo, steps: chosen, cause, overwrites, by, handled: new Map(), batches: 0 };
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
    change.isGone = why !== 'held-by-run';
  }
}

export function openBatch(state: RunState, inverse: Inverse): void {
  if (state.undo?.undo === inverse.undo) state.undo.batches += 1;
  for (const ref of inverse.covers) {
    handle(state, ref);
    const change = changeAt(state, ref);
    // Looked at anew.
    if (!change) continue;
    delete change.left;
    delete change.isGone;
  }
}

/** The inverse ended: what its own ledger says was done, or was so already, is taken back. */
export function settleInverse(state: RunState, step: StepState, { undo, covers }: Inverse): void {
  const restored = new Map<string, string | undefined>();
  for (const { kind, id, outcome, error } of state.changes.get(step.path)?.values() ?? []) {
    const isRestored = outcome === 'done' || outcome === 'already';
    restored.set(JSON.stringify([kind, id]), isRestored ? undefined : (error ?? outcome));
  }
  for (const ref of covers) {
    const change = changeAt(state, ref);
    if (!change) continue;
    const target = JSON.stringify([change.kind, change.id]);
    const isRestored = restored.has(target) && restored.get(target) === undefined;
    if (isRestored) {
      change.undone = undo;
      delete change.left;
    } else change.left ??= step.skip?.text ?? restored.get(target) ?? 'the step that takes it back did not do it';
  }
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
