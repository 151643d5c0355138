// Which targets a step touched, by verb and outcome. Pure.
import type { Change } from '../run/state.ts';

/** So many ids are named one by one; the journal holds them all. */
const MOST_IDS = 50;

export interface Touched {
  /** `ban user`, `ban user (in doubt)`. */
  readonly what: string;
  /** At most 50, separated by commas; the owner of one that has another owner stands behind it. */
  readonly ids: string;
  /** How many more there are. */
  readonly more: number;
}

/** Targets that an effect reached, may have reached, or failed to reach; in the order they first came. */
export function touchedBy(changes: Iterable<Change>): Touched[] {
  const groups = new Map<string, Set<string>>();
  for (const change of changes) {
    const suffix = suffixOf(change);
    if (suffix === null) continue;
    const what = `${change.verb} ${change.kind}${suffix}`;
    const owner = change.owner === undefined ? '' : ` of ${change.owner.kind} ${change.owner.id}`;
    const ids = groups.get(what) ?? new Set();
    groups.set(what, ids.add(change.id + owner));
  }
  return [...groups].map(([what, ids]) => ({
    what,
    ids: [...ids].slice(0, MOST_IDS).join(', '),
    more: Math.max(0, ids.size - MOST_IDS),
  }));
}

function suffixOf({ outcome }: Change): string | null {
  if (outcome === 'done') return '';
  if (outcome === 'unknown' || outcome === 'intended') return ' (in doubt)';
  return outcome === 'failed' ? ' (failed)' : null;
}
