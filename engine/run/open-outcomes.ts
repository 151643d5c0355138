// Changes without a known outcome, as a person is asked about them. Pure.
import type { Change, Doubt } from './state.ts';

/** By kind, verb, key and round: what one event can say. */
export function asDoubts(changes: Iterable<Change>): readonly Doubt[] {
  const groups = new Map<string, { readonly doubt: Doubt; readonly ids: string[] }>();
  for (const { kind, verb, discriminator, round, id } of changes) {
    const name = JSON.stringify([kind, verb, discriminator ?? null, round]);
    let group = groups.get(name);
    if (!group) {
      const ids: string[] = [];
      const key = discriminator === undefined ? {} : { key: discriminator };
      group = { ids, doubt: { kind, verb, round, ...key, ids } };
      groups.set(name, group);
    }
    group.ids.push(id);
  }
  return [...groups.values()].map(({ doubt }) => doubt);
}

/** Those among them that must not be sent again unasked. */
export function doubtsAmong(changes: readonly Change[], isIdempotent: boolean): readonly Doubt[] {
  return asDoubts(changes.filter((change) => change.mayRepeat !== true && !(change.idempotent ?? isIdempotent)));
}
