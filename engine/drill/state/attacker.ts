// What the attacker still has of an account: what scores count and what the timeline acts on.
import type { World } from '../context.ts';
import type { Credential } from '../population/credentials.ts';
import { countLive } from './live-sessions.ts';
import * as signIn from './sign-in.ts';

/** Ways in that the attacker added, before the drill or in it, and nobody took away. */
export function attackerCredentials({ population, state }: World, user: number): readonly Credential[] {
  return signIn.attackerCredentials({ population, ...state }, user);
}

/** Whether the attacker can sign in, now or when a lock for a time has run out. */
export function attackerCanSignIn({ population, state }: World, user: number): boolean {
  return signIn.attackerCanSignIn({ population, ...state }, user);
}

/** In it with a live session. */
export function attackerIsIn({ population, state }: World, user: number): boolean {
  return countLive(population, user, state.users.get(user)) > 0;
}
