// The world's users as pure functions of seed and index. User 0 is the oldest and `created_at` rises strictly with the
// index, so creation order, cursor and ranges of time need no index structure. Nothing is held but the attack's few users.
import { below, STREAM, unit } from '../random.ts';
import type { Compromised, WorldSpec } from '../scenario.ts';
import { planAttack, type Role } from './attack.ts';
import type { AddedByAttacker } from './credentials.ts';
import { userIdAt, userIndexOf } from './ids.ts';
import {
  attackLastActiveAt,
  OWN_SESSIONS_SPAN_MS,
  type SeededSession,
  type SessionFrame,
  type SessionStatus,
  sessionCountOf,
  sessionCreatedAt,
  sessionOf,
  sessionStatusOf,
} from './sessions.ts';

export interface PopulationSpec {
  readonly seed: number;
  /** Milliseconds since 1970; every time in the world derives from it. */
  readonly startedAt: number;
  readonly world: WorldSpec;
}

export interface Population {
  readonly seed: number;
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  /** Ways in that the intruder made before the drill. */
  readonly addedByAttacker: AddedByAttacker;
  /** Whether a password that is marked as compromised must be changed at the next sign-in. */
  readonly forcesPasswordReset: boolean;
  /** Indexes, ascending. */
  readonly compromised: readonly number[];
  readonly decoys: readonly number[];
  idAt(user: number): string;
  /** Where the attacker's sessions come from. */
  readonly attackFrom: Compromised['from'];
  /** The seeded user with this id, or undefined. Those who signed up since: see state/who.ts. */
  indexOf(id: string): number | undefined;
  /** The index in this id, of a seeded user or beyond; undefined for an id that this seed never gives. */
  anyIndexOf(id: string): number | undefined;
  roleOf(user: number): Role;
  createdAt(user: number): number;
  /** How many users were created before `time`. */
  countCreatedBefore(time: number): number;
  /** Milliseconds; null for those who never came back after signing up. */
  lastActiveAt(user: number): number | null;
  lastSignInAt(user: number): number | null;
  isBannedAtStart(user: number): boolean;
  sessionCount(user: number): number;
  sessionAt(user: number, index: number): SeededSession;
  /** The statuses of all of a user's sessions, by index. */
  sessionStatuses(user: number): readonly SessionStatus[];
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const OLDEST_USER_MS = 3 * 365 * DAY_MS;
/** Room for a user's sessions between sign-up and the drill's start. */
const NEWEST_USER_MS = OWN_SESSIONS_SPAN_MS + 4 * DAY_MS;

export function createPopulation({ seed, startedAt, world }: PopulationSpec): Population {
  const attack = planAttack(seed, world);
  const size = world.users;
  const step = (OLDEST_USER_MS - NEWEST_USER_MS) / size;
  const oldest = startedAt - OLDEST_USER_MS;

  const createdAt = (user: number): number =>
    Math.floor(oldest + (user + unit(seed, STREAM.createdAt, user) * 0.9) * step);

  const roleOf = (user: number): Role => {
    if (attack.victims.has(user)) return 'compromised';
    return attack.decoys.has(user) ? 'decoy' : 'innocent';
  };

  const isBannedAtStart = (user: number): boolean => {
    const victim = attack.victims.get(user);
    if (victim !== undefined) return victim.bannedBefore;
    return user < size && !attack.decoys.has(user) && below(200, seed, STREAM.banned, user) === 0;
  };

  const baseFrame = (user: number): Omit<SessionFrame, 'lastActiveAt'> => ({
    seed,
    startedAt,
    user,
    role: roleOf(user),
    decoyPosition: attack.decoys.get(user) ?? -1,
    isBanned: isBannedAtStart(user),
    victim: attack.victims.get(user),
    compromised: world.compromised,
  });

  const lastActiveAt = (user: number): number | null => {
    if (user >= size) return null;
    if (attack.victims.has(user)) return attackLastActiveAt(baseFrame(user));
    if (attack.decoys.has(user)) return startedAt - HOUR_MS - below(6 * HOUR_MS, seed, STREAM.lastActiveAt, user);
    if (below(33, seed, STREAM.lastActiveAt, user, 1) === 0) return null;
    // Most users were here lately, few long ago: an exponential age with a mean of ten days.
    const age = HOUR_MS - Math.log(1 - unit(seed, STREAM.lastActiveAt, user)) * 10 * DAY_MS;
    const longest = startedAt - createdAt(user) - OWN_SESSIONS_SPAN_MS - DAY_MS;
    return Math.floor(startedAt - Math.min(age, longest));
  };

  const sessionCount = (user: number): number =>
    lastActiveAt(user) === null ? 0 : sessionCountOf(seed, user, attack.victims.get(user));

  const frameOf = (user: number): SessionFrame => ({
    ...baseFrame(user),
    lastActiveAt: lastActiveAt(user) ?? createdAt(user),
  });

  const countCreatedBefore = (time: number): number => {
    let low = 0;
    let high = size;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (createdAt(middle) < time) low = middle + 1;
      else high = middle;
    }
    return low;
  };

  return {
    seed,
    size,
    startedAt,
    addedByAttacker: world.credentials.addedByAttacker,
    forcesPasswordReset: world.choices.forcesPasswordReset,
    compromised: [...attack.victims.keys()].sort((a, b) => a - b),
    decoys: [...attack.decoys.keys()].sort((a, b) => a - b),
    attackFrom: world.compromised.from,
    idAt: (user) => userIdAt(seed, user),
    anyIndexOf: (id) => userIndexOf(seed, id),
    indexOf: (id) => {
      const user = userIndexOf(seed, id);
      return user !== undefined && user < size ? user : undefined;
    },
    roleOf,
    createdAt,
    countCreatedBefore,
    lastActiveAt,
    lastSignInAt: (user) => (lastActiveAt(user) === null ? null : sessionCreatedAt(frameOf(user), 0)),
    isBannedAtStart,
    sessionCount,
    sessionAt: (user, index) => sessionOf(frameOf(user), index),
    sessionStatuses: (user) => {
      const frame = frameOf(user);
      return Array.from({ length: sessionCount(user) }, (_, index) => sessionStatusOf(frame, index));
    },
  };
}
