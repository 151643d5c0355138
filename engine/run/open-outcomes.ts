// Changes without a known outcome, as a person is asked about them. Pure.
import type { Change, Doubt } from './state.ts';

/** Changes that one event can speak of. */
export type Alike = readonly [Change, ...Change[]];

/** By kind, verb, key and round: what one event can say. */
export function groupAlike(changes: Iterable<Change>): readonly Alike[] {
  const groups = new Map<string, [Change, ...Change[]]>();
  for (const change of changes) {
    const name = JSON.stringify([change.kind, change.verb, change.discriminator ?? null, change.round]);
    const group = groups.get(name);
    if (group) group.push(change);
    else groups.set(name, [change]);
  }
  return [...groups.values()];
}

export function asDoubts(changes: Iterable<Change>): readonly Doubt[] {
  return groupAlike(changes).map((alike) => {
    const [{ kind, verb, discriminator, round }] = alike;
    const key = discriminator === undefined ? {} : { key: discriminator };
    return { kind, verb, round, ...key, ids: alike.map(({ id }) => id) };
  });
}

/** May it be sent again unasked where its answer was lost? `isIdempotent`: what the call, or else the action, says. */
export function mayRepeatUnasked(
  known: Pick<Change, 'idempotent' | 'mayRepeat'> | undefined,
  isIdempotent: boolean,
): boolean {
  return known?.mayRepeat === true || (known?.idempotent ?? isIdempotent);
}

/** Those among them that must not be sent again unasked. */
export function doubtsAmong(changes: readonly Change[], isIdempotent: boolean): readonly Doubt[] {
  return asDoubts(changes.filter((change) => !mayRepeatUnasked(change, isIdempotent)));
}
