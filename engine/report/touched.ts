// Which targets a step touched, by verb and outcome. Pure.
import type { Change } from '../run/state.ts';

/** So many ids are named one by one; `runbook changes` lists them all. */
const MOST_IDS = 20;

export interface Touched {
  /** `ban user`, `ban user (in doubt)`. */
  readonly what: string;
  /** `52`, `98 of 11 users`; empty where `ids` names every target. */
  readonly count: string;
  /**
   * At most 20, separated by commas: of the targets; of their owners where these are fewer words (98 sessions of 11 users).
   * The owner of one that has another owner stands behind it.
   */
  readonly ids: string;
  /** How many more there are of what `ids` names. */
  readonly more: number;
}

/** Targets that an effect reached, may have reached, or failed to reach; in the order they first came. */
export function touchedBy(changes: Iterable<Change>): Touched[] {
  const groups = new Map<string, Group>();
  for (const change of changes) {
    const suffix = suffixOf(change);
    if (suffix === null) continue;
    const what = `${change.verb} ${change.kind}${suffix}`;
    const group = groups.get(what) ?? { ids: new Set(), owners: new Map() };
    groups.set(what, group);
    const { owner } = change;
    group.ids.add(owner === undefined ? change.id : `${change.id} of ${owner.kind} ${owner.id}`);
    if (owner === undefined) continue;
    const owners = group.owners.get(owner.kind) ?? new Set();
    group.owners.set(owner.kind, owners.add(owner.id));
  }
  return [...groups].map(([what, group]) => ({ what, ...named(group) }));
}

interface Group {
  readonly ids: Set<string>;
  /** By their kind. */
  readonly owners: Map<string, Set<string>>;
}

function named({ ids, owners }: Group): Omit<Touched, 'what'> {
  if (ids.size <= MOST_IDS) return { count: '', ids: [...ids].join(', '), more: 0 };
  const of = [...owners].map(([kind, known]) => ` of ${known.size} ${kind}${known.size === 1 ? '' : 's'}`);
  const shown = owners.size === 0 ? [...ids] : [...owners.values()].flatMap((known) => [...known]);
  return {
    count: `${ids.size}${of.join(',')}`,
    ids: shown.slice(0, MOST_IDS).join(', '),
    more: Math.max(0, shown.length - MOST_IDS),
  };
}

function suffixOf({ outcome }: Change): string | null {
  if (outcome === 'done') return '';
  if (outcome === 'unknown' || outcome === 'intended') return ' (in doubt)';
  return outcome === 'failed' ? ' (failed)' : null;
}
