// Who the attack concerns: the compromised users with their parts, and the decoys. Small sets, chosen once by the seed.
import { below, STREAM } from '../random.ts';
import type { WorldSpec } from '../scenario.ts';

export type Role = 'compromised' | 'decoy' | 'innocent';

export interface Victim {
  readonly bannedBefore: boolean;
  /** Sessions of the attacker's. */
  readonly attackSessions: number;
  /** The oldest of them is in status `pending`. */
  readonly hasPending: boolean;
  /** The newest of them was begun by impersonation: it has an actor. */
  readonly isImpersonated: boolean;
}
export interface Attack {
  readonly victims: ReadonlyMap<number, Victim>;
  /** Decoys with their place in the list; the first travels in the attacker's own country. */
  readonly decoys: ReadonlyMap<number, number>;
}

export function planAttack(seed: number, world: WorldSpec): Attack {
  const { compromised } = world;
  const chosen =
    compromised.indexes ?? chooseUsers(seed, STREAM.compromised, compromised.count, world.users, new Set());
  const many = compromised.manySessions ?? { users: 0, sessions: 0 };
  const victims = new Map<number, Victim>();
  chosen.forEach((user, position) => {
    const afterBanned = position - compromised.bannedBefore;
    const isMany = afterBanned >= 0 && afterBanned < many.users;
    victims.set(user, {
      bannedBefore: position < compromised.bannedBefore,
      attackSessions: isMany ? many.sessions : 1 + below(3, seed, STREAM.attackCount, user),
      // From the end of the list, so that the users with many sessions and those with a pending one differ if they can.
      hasPending: chosen.length - position <= compromised.pendingSessions,
      isImpersonated: chosen.length - position <= compromised.impersonatedSessions,
    });
  });
  const decoys = chooseUsers(seed, STREAM.decoy, world.decoys, world.users, new Set(chosen));
  return { victims, decoys: new Map(decoys.map((user, position) => [user, position])) };
}

/** `count` different users outside `taken`; on a collision the next free one. The schema's checks leave room for them. */
function chooseUsers(seed: number, stream: number, count: number, users: number, taken: ReadonlySet<number>): number[] {
  const chosen = new Set<number>();
  for (let i = 0; i < count; i += 1) {
    let user = below(users, seed, stream, i);
    while (chosen.has(user) || taken.has(user)) user = (user + 1) % users;
    chosen.add(user);
  }
  return [...chosen];
}
