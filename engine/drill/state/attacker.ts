// What the attacker still has of an account: what scores count and what the timeline acts on.
import type { World } from '../context.ts';
import type { Credential } from '../population/credentials.ts';
import { credentialsOf } from './credential-view.ts';
import { countLive } from './sessions.ts';
import { isBanned, isThere } from './view.ts';

/** Ways in that the attacker added, before the drill or in it, and nobody took away. */
export function attackerCredentials(world: World, user: number): readonly Credential[] {
  return credentialsOf(world, user).filter(({ by }) => by === 'attacker');
}

/**
 * Whether the attacker can sign in, now or when a lock for a time has run out. A compromised password closes the way, unless
 * an address of the attacker's is left, which a code can be sent to.
 */
export function attackerCanSignIn(world: World, user: number): boolean {
  const change = world.state.users.get(user);
  if (!isThere(world, user) || isBanned(world, user) || change?.lock?.until === null) return false;
  return change?.passwordCompromised !== true || attackerCredentials(world, user).length > 0;
}

/** In it with a live session. */
export function attackerIsIn({ population, state }: World, user: number): boolean {
  return countLive(population, user, state.users.get(user)) > 0;
}
