// Who can sign in, as the world stands: what folds and views judge by alike. See view.ts and attacker.ts for the same asked
// of a whole world, which folds cannot see.
import { type Credential, seededByAttacker } from '../population/credentials.ts';
import type { Population } from '../population/population.ts';
import type { CredentialState } from './credentials.ts';
import { effectiveLock, type UserChange } from './user-change.ts';
import { isThere, type Present } from './who.ts';

/** The part of the world that tells what was done to users. A FoldContext is one, and so is `{ population, ...state }`. */
export interface Marked {
  readonly population: Population;
  readonly users: ReadonlyMap<number, UserChange>;
}

export interface Ways {
  readonly population: Population;
  readonly credentials: CredentialState;
}

export function isBanned({ population, users }: Marked, user: number): boolean {
  return users.get(user)?.banned ?? population.isBannedAtStart(user);
}

/** Neither gone, banned nor locked at `now`. */
export function canSignIn(world: Marked & Present, user: number, now: number): boolean {
  return isThere(world, user) && !isBanned(world, user) && effectiveLock(world.users.get(user), now) === undefined;
}

/** Ways in that the attacker added, before the drill or in it, and nobody took away. */
export function attackerCredentials({ population, credentials }: Ways, user: number): readonly Credential[] {
  const { added, removed, reserved } = credentials;
  const { seed, startedAt, addedByAttacker } = population;
  const victim = population.roleOf(user) === 'compromised' ? population.compromised.indexOf(user) : undefined;
  const since = (added.get(user) ?? []).map(
    ({ at, ...rest }): Credential => ({ ...rest, createdAt: at, isSecondFactor: false }),
  );
  return [...seededByAttacker({ seed, user, victim, startedAt, addedByAttacker }), ...since]
    .filter(({ id, by }) => by === 'attacker' && !removed.has(id))
    .map((one) => ({ ...one, isSecondFactor: reserved.get(one.id) ?? one.isSecondFactor }));
}

/**
 * Whether the attacker can sign in, now or when a lock for a time has run out. A password marked as compromised closes the way
 * only where the instance forces a new one (its task "force password reset": on by default for those made after 2025-12-08;
 * `choices.forcesPasswordReset`), and not where an address of the attacker's is left, which a code can be sent to.
 */
export function attackerCanSignIn(world: Marked & Present & Ways, user: number): boolean {
  const change = world.users.get(user);
  if (!isThere(world, user) || isBanned(world, user) || change?.lock?.until === null) return false;
  const mustReset = world.population.forcesPasswordReset && change?.passwordCompromised === true;
  return !mustReset || attackerCredentials(world, user).length > 0;
}
