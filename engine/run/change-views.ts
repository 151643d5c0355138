// What the ledger's changes come to: which are open, which hold, which must be taken back. Pure.
import type { Change, RunState, StepState } from './state.ts';

/** The identity of a change: a retry or a resume finds the same one, a later `until` round has its own. */
export function changeKey(parts: {
  kind: string;
  id: string;
  verb: string;
  key?: string | undefined;
  round: number;
}): string {
  return JSON.stringify([parts.kind, parts.id, parts.verb, parts.key ?? '', parts.round]);
}

/** How what may be done to a target stands in an approved set; the target itself stands there too, for what belongs to it. */
export function deedKey(deed: { readonly kind: string; readonly id: string; readonly verb: string }): string {
  return JSON.stringify([deed.kind, deed.id, deed.verb]);
}

/** A target, whatever is done to it. */
export function targetKey(target: { kind: string; id: string }): string {
  return JSON.stringify([target.kind, target.id]);
}

/** Sent, or about to be, and nobody knows what came of it: not taken back, and not found to be gone. */
export function isOpenChange(change: Change): boolean {
  const isOpen = change.outcome === 'intended' || change.outcome === 'unknown';
  return isOpen && change.undone === undefined && change.isGone !== true;
}

/** Changes of the run without a known outcome, in the order of the steps; of one step where it is named. Costs the ledger. */
export function openChangesOf(state: RunState, path?: string): readonly Change[] {
  const ledgers = path === undefined ? state.changes.values() : [state.changes.get(path) ?? new Map<string, Change>()];
  return [...ledgers].flatMap((ledger) => [...ledger.values()].filter(isOpenChange));
}

/** Done, not taken back, and not found otherwise since: it need not be done again. */
export function isStanding({ outcome, undone, isGone }: Change): boolean {
  return outcome === 'done' && undone === undefined && isGone !== true;
}

/** It happened, or may have, and was not taken back. */
export function isTakeable({ outcome, undone }: Change): boolean {
  return (outcome === 'done' || outcome === 'unknown' || outcome === 'intended') && undone === undefined;
}

/**
 * Changes of a step that hold now, as far as is known: made by us, or perhaps (`intended`, `unknown`), not taken back, and
 * not found otherwise by an undo. What nothing takes back is no longer shown once an undo said so, unless it was to be for
 * a time only.
 */
export function inEffect(state: RunState, path: string): readonly Change[] {
  const isTemporary = state.steps.get(path)?.temporaryMs !== undefined;
  return [...(state.changes.get(path)?.values() ?? [])].filter(
    (change) => isTakeable(change) && change.isGone !== true && (isTemporary || change.leftWhy !== 'no-inverse'),
  );
}

/** Everything it changed was taken back. */
export function isUndone(state: RunState, { path }: StepState): boolean {
  const changes = [...(state.changes.get(path)?.values() ?? [])];
  return changes.some((change) => change.undone !== undefined) && inEffect(state, path).length === 0;
}

/**
 * Temporary changes that must be taken back, or kept on purpose, before the run may end; those too that an undo left since
 * another run holds them or nothing takes them back, and those of which nobody knows whether they happened.
 */
export function temporariesInEffect(state: RunState): readonly string[] {
  return [...state.temporary].filter((path) => !state.kept.has(path) && inEffect(state, path).length > 0);
}
