// What a step did to the outside, in words: `ban user: 11 done, 1 already so`. Counted from the ledger.
import type { Outcome } from '../action.ts';
import type { Change } from '../run/state.ts';

const WORDS: { readonly [O in Outcome | 'intended']: string } = {
  done: 'done',
  already: 'already so',
  planned: 'planned',
  protected: 'protected',
  skipped: 'skipped',
  failed: 'failed',
  unknown: 'in doubt',
  intended: 'in doubt',
};

export interface ChangeCount {
  readonly verb: string;
  readonly kind: string;
  readonly outcomes: ReadonlyMap<string, number>;
}

/** Counts by verb and kind, in the order they first came. */
export function countChanges(changes: Iterable<Change>): ChangeCount[] {
  const counts = new Map<string, { verb: string; kind: string; outcomes: Map<string, number> }>();
  for (const change of changes) {
    const key = JSON.stringify([change.verb, change.kind]);
    let count = counts.get(key);
    if (!count) {
      count = { verb: change.verb, kind: change.kind, outcomes: new Map() };
      counts.set(key, count);
    }
    const word = WORDS[change.outcome];
    count.outcomes.set(word, (count.outcomes.get(word) ?? 0) + 1);
  }
  return [...counts.values()];
}

/** The same however each ended. */
export function countByVerb(
  changes: Iterable<Change>,
): { readonly verb: string; readonly kind: string; readonly count: number }[] {
  return countChanges(changes).map(({ verb, kind, outcomes }) => {
    const count = [...outcomes.values()].reduce((sum, one) => sum + one, 0);
    return { verb, kind, count };
  });
}

/** One phrase a verb and kind. */
export function changePhrases(changes: Iterable<Change>): string[] {
  return countChanges(changes).map(({ verb, kind, outcomes }) => {
    const parts = [...outcomes].map(([word, count]) => `${count} ${word}`);
    return `${verb} ${kind}: ${parts.join(', ')}`;
  });
}

/** `ban 31 users`. */
export function countedVerb(count: { readonly verb: string; readonly kind: string; readonly count: number }): string {
  return `${count.verb} ${count.count} ${count.count === 1 ? count.kind : pluralOf(count.kind)}`;
}

/** `email-addresses`, `identities`, `users`. */
export function pluralOf(kind: string): string {
  if (/(s|x|z|ch|sh)$/.test(kind)) return `${kind}es`;
  return /[^aeiou]y$/.test(kind) ? `${kind.slice(0, -1)}ies` : `${kind}s`;
}
