// What a run made and nobody has taken back yet, where it can be taken back or was to be for a time only. Pure.

import { inEffect } from '../run/change-views.ts';
import { isUndoPath, staticPath } from '../run/paths.ts';
import type { Change, RunState } from '../run/state.ts';
import { countByVerb, countedVerb } from '../ui/change-words.ts';
import { longLoopAround, titleIn } from './in-loops.ts';
import type { NamedFact } from './named-fact.ts';
import type { WrittenStep } from './written-steps.ts';

/** In the order of the steps; a long loop is one line. Changes nobody knows the outcome of have their own place. */
export function stillInEffectOf(state: RunState, written: readonly WrittenStep[]): readonly NamedFact[] {
  const undoable = new Set<string>();
  collectUndoable(written, undoable);
  const byPlace = new Map<string, Change[]>();
  for (const step of state.steps.values()) {
    if (isUndoPath(step.path) || !state.changes.has(step.path)) continue;
    // Of an instance of a loop, what the loop's step says holds.
    const isUndoable = step.temporaryMs !== undefined || undoable.has(staticPath(step.path).replace(/\[\]$/, ''));
    const held = inEffect(state, step.path).filter(
      ({ outcome, undo }) => outcome === 'done' && (isUndoable || undo !== undefined),
    );
    if (held.length === 0) continue;
    const place = longLoopAround(step.path, state) ?? step.path;
    const known = byPlace.get(place);
    if (known) for (const change of held) known.push(change);
    else byPlace.set(place, held);
  }
  return [...byPlace].map(([path, changes]) => ({ title: titleIn(state, path), what: whatOf(state, path, changes) }));
}

function collectUndoable(steps: readonly WrittenStep[], found: Set<string>): void {
  for (const { path, hasUndo, inside } of steps) {
    if (hasUndo) found.add(path);
    collectUndoable(inside, found);
  }
}

/** `ban 13 users`; and of a temporary change that stays, who said so. */
function whatOf(state: RunState, path: string, changes: readonly Change[]): string {
  const counted = countByVerb(changes).map(countedVerb);
  const kept = state.kept.get(path);
  const stays = kept === undefined ? '' : `; stays on purpose, said ${kept.by}: ${kept.reason}`;
  return `${counted.join(', ')}${stays}`;
}
