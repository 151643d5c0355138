// Which targets other open runs of this store have changed, or perhaps changed, and not taken back: an undo must not
// restore those unasked.

import { inEffect, targetKey } from '../../run/change-views.ts';
import { isUndoPath } from '../../run/paths.ts';
import { foldRun } from '../../run/session.ts';
import type { Journal } from '../../store/journal.ts';
import type { App } from '../app.ts';
import { isUnfinished } from './unfinished.ts';

type HeldElsewhere = (
  targets: readonly { readonly kind: string; readonly id: string }[],
) => Promise<ReadonlyMap<string, string>>;

/** @returns by `[kind, id]` as JSON: the run that holds it. The other runs are folded once, at the first call. */
export function createHeldElsewhere(app: Pick<App, 'clock'>, journal: Journal, runId: string): HeldElsewhere {
  let held: Promise<ReadonlyMap<string, string>> | null = null;
  return async (targets) => {
    held ??= foldOthers(app, journal, runId);
    const all = await held;
    const found = new Map<string, string>();
    for (const { kind, id } of targets) {
      const key = targetKey({ kind, id });
      const run = all.get(key);
      if (run !== undefined) found.set(key, run);
    }
    return found;
  };
}

async function foldOthers(
  { clock }: Pick<App, 'clock'>,
  journal: Journal,
  runId: string,
): Promise<ReadonlyMap<string, string>> {
  const held = new Map<string, string>();
  for (const row of await journal.runs()) {
    // A drill's targets are those of its own world.
    if (row.id === runId || row.isDrill || !isUnfinished(row)) continue;
    const state = await foldRun({ journal, runId: row.id, clock, keepsOutput: () => false });
    for (const path of state.changes.keys()) {
      // What an undo did there holds nothing: it is what takes back.
      if (isUndoPath(path)) continue;
      for (const change of inEffect(state, path)) held.set(targetKey(change), row.id);
    }
  }
  return held;
}
