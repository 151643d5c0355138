// The world's users and sessions as they are now: the seeded population with what changed folded in. What routes, the
// timeline, deliveries and the sample app ask. All of it is computed when asked; nothing is held for users untouched.
import type { World } from '../context.ts';
import { emailOf, nameAt, userOfEmail } from '../population/people.ts';
import { begunSession, isLive, type SeededSession, type SessionStatus } from '../population/sessions.ts';
import { endedAt, sessionCount } from './live-sessions.ts';
import * as signIn from './sign-in.ts';
import * as who from './who.ts';

export interface Profile {
  readonly firstName: string;
  readonly lastName: string;
  /** The primary address, before credentials that were added or removed. */
  readonly email: string;
}

/** Users there are, those who are gone not counted. */
export function countUsers({ population, state }: World): number {
  return who.userCount({ population, ...state }) - state.deleted.size;
}

/** Users there are or were: indexes are `0..userIndexes-1`, and those in `state.deleted` are gone. */
export function userIndexes({ population, state }: World): number {
  return who.userCount({ population, ...state });
}

export function isThere({ population, state }: World, user: number): boolean {
  return who.isThere({ population, ...state }, user);
}

/** The index of the user with this id; undefined for one whom there is not, or no more. */
export function findUser({ population, state }: World, id: string): number | undefined {
  return who.findUser({ population, ...state }, id);
}

/** As `findUser`, and of users who are gone too. */
export function findUserEver({ population, state }: World, id: string): number | undefined {
  return who.userIndexEver({ population, ...state }, id);
}

/** Indexes of all users there are, oldest first. */
export function* presentUsers(world: World): Generator<number> {
  const end = userIndexes(world);
  for (let user = 0; user < end; user += 1) if (!world.state.deleted.has(user)) yield user;
}

export function createdAt({ population, state }: World, user: number): number {
  return state.signUps[user - population.size]?.createdAt ?? population.createdAt(user);
}

/** How many users, gone or not, were created before `time`: an index. */
export function countCreatedBefore({ population, state }: World, time: number): number {
  const since = state.signUps.findIndex((one) => one.createdAt >= time);
  if (since > 0) return population.size + since;
  if (since < 0 && state.signUps.length > 0) return population.size + state.signUps.length;
  return population.countCreatedBefore(time);
}

export function profileOf({ population, state }: World, user: number): Profile {
  const drawn = nameAt(population.seed, user);
  const signUp = state.signUps[user - population.size];
  const changed = state.users.get(user)?.profile;
  return {
    firstName: changed?.firstName ?? signUp?.firstName ?? drawn.first,
    lastName: changed?.lastName ?? signUp?.lastName ?? drawn.last,
    email: signUp?.email ?? emailOf(drawn, user),
  };
}

/** The user whose primary address this is; addresses compare without case. */
export function userOfAddress(world: World, email: string): number | undefined {
  const { population, state } = world;
  const wanted = email.toLowerCase();
  const signedUp = state.signUps.findIndex((one) => one.email?.toLowerCase() === wanted);
  const user = signedUp >= 0 ? population.size + signedUp : userOfEmail(population.seed, wanted);
  return user !== undefined && isThere(world, user) && profileOf(world, user).email.toLowerCase() === wanted
    ? user
    : undefined;
}

export function isBanned({ population, state }: World, user: number): boolean {
  return signIn.isBanned({ population, users: state.users }, user);
}

/** Neither gone, banned nor locked at `now`. */
export function canSignIn({ population, state }: World, user: number, now: number): boolean {
  return signIn.canSignIn({ population, ...state }, user, now);
}

/** Exact, where Clerk's answers floor it to the day; null for those who were never seen. */
export function lastActiveAt({ population, state }: World, user: number): number | null {
  return state.users.get(user)?.lastActiveAt ?? population.lastActiveAt(user);
}

export function lastSignInAt({ population, state }: World, user: number): number | null {
  return state.users.get(user)?.begun.at(-1)?.at ?? population.lastSignInAt(user);
}

export function updatedAt({ population, state }: World, user: number): number {
  return state.users.get(user)?.updatedAt ?? population.lastActiveAt(user) ?? population.createdAt(user);
}

/** Indexes of a user's sessions, newest first: those begun during the drill, then the seeded ones. */
export function sessionIndexes({ population, state }: World, user: number): readonly number[] {
  const seeded = population.sessionCount(user);
  const begun = state.users.get(user)?.begun.length ?? 0;
  return Array.from({ length: seeded + begun }, (_, place) =>
    place < begun ? seeded + begun - 1 - place : place - begun,
  );
}

/** How many sessions a user has or had. */
export function countSessions({ population, state }: World, user: number): number {
  return sessionCount(population, user, state.users.get(user));
}

/** A session as it began; `sessionStatus` and `sessionEndedAt` say what became of it. */
export function sessionAt({ population, state }: World, user: number, index: number): SeededSession {
  const begun = state.users.get(user)?.begun[index - population.sessionCount(user)];
  return begun === undefined ? population.sessionAt(user, index) : begunSession(population, user, index, begun);
}

/** When it ended in this drill; undefined where it did not. */
export function sessionEndedAt({ state }: World, user: number, index: number): number | undefined {
  return endedAt(state.users.get(user), index);
}

/** The statuses now of all of a user's sessions, by index; without making the sessions. */
export function sessionStatuses({ population, state }: World, user: number): readonly SessionStatus[] {
  const change = state.users.get(user);
  const seeded = population.sessionStatuses(user);
  if (change === undefined) return seeded;
  return [...seeded, ...change.begun.map(({ status }) => status)].map((status, index) =>
    isLive(status) && endedAt(change, index) !== undefined ? 'revoked' : status,
  );
}
