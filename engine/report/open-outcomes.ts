// Changes that were sent and whose outcome nobody knows, a line a step. Pure.

import { openChangesOf } from '../run/change-views.ts';
import { asDoubts } from '../run/open-outcomes.ts';
import type { Change, RunState } from '../run/state.ts';
import { doubtPhrase } from '../ui/doubt-words.ts';
import { titleIn } from './in-loops.ts';
import type { NamedFact } from './named-fact.ts';

export function openOutcomesOf(state: RunState): readonly NamedFact[] {
  const bySteps = new Map<string, Change[]>();
  for (const change of openChangesOf(state)) {
    const own = bySteps.get(change.step);
    if (own) own.push(change);
    else bySteps.set(change.step, [change]);
  }
  return [...bySteps].map(([path, changes]) => ({
    title: titleIn(state, path),
    what: asDoubts(changes).map(doubtPhrase).join('; '),
  }));
}
