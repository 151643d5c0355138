// Sessions that end, and those that begin while the drill runs. A begun session's index follows those of the population.
import { MAX_SESSIONS_PER_USER, sessionIndexOf } from '../population/ids.ts';
import type { Population } from '../population/population.ts';
import { isLive, type SessionStatus } from '../population/sessions.ts';
import { type At, type Folds, noteRepeat } from './fold.ts';
import { note, onUser, type UserFold } from './on-user.ts';
import { effectiveLock, emptyChange, type UserChange } from './user-change.ts';
import { isThere } from './who.ts';

export type SessionMutation = At &
  (
    | { readonly type: 'session.revoke'; readonly session: string }
    /** Somebody signs in. Nothing happens where the user cannot: banned, locked, gone. */
    | {
        readonly type: 'session.begin';
        readonly user: string;
        readonly from: 'attacker' | 'home';
        readonly status: 'active' | 'pending';
        /** Who acts as the user (impersonation): an id. */
        readonly actor?: string;
      }
  );

export const sessionFolds: Folds<SessionMutation, undefined> = {
  'session.revoke': (_, mutation, context) => {
    const { population, users } = context;
    const found = sessionIndexOf(population.seed, mutation.session);
    if (found === undefined || !isThere(context, found.user)) return;
    const { user, index } = found;
    const change = users.get(user) ?? emptyChange(mutation.at);
    const seeded = seededOrBegunStatus(population, user, change, index);
    if (seeded === undefined) return;
    if (endedAt(change, index) !== undefined || !isLive(seeded)) {
      noteRepeat(context, mutation, mutation.session);
      return;
    }
    change.endedAt.set(index, mutation.at);
    const { at, by } = mutation;
    note(
      { context, user, change, at, ...(by === undefined ? {} : { by }) },
      { at, kind: 'sessions-ended', sessions: 1, target: mutation.session },
    );
    // What moves a user's `updated_at` is silent; ours does not move for a session of theirs.
    if (!users.has(user)) change.updatedAt = population.lastActiveAt(user) ?? population.createdAt(user);
    users.set(user, change);
  },
  'session.begin': (_, mutation, context) =>
    onUser(context, mutation, mutation.user, (fold) => {
      const { user, change, at } = fold;
      const { from, status, actor } = mutation;
      if (!canSignIn(fold) || sessionCount(context.population, user, change) >= MAX_SESSIONS_PER_USER) return false;
      change.begun.push({ at, from, status, ...(actor === undefined ? {} : { actor }) });
      change.lastActiveAt = Math.max(change.lastActiveAt ?? 0, at);
      return true;
    }),
};

/** Neither banned nor locked. A compromised password asks for a new one only where the instance forces that: not ours. */
function canSignIn({ context, user, change, at }: UserFold): boolean {
  return !(change.banned ?? context.population.isBannedAtStart(user)) && effectiveLock(change, at) === undefined;
}

/** The status a session had when it was first seen; undefined where there is none of that index. */
export function seededOrBegunStatus(
  population: Population,
  user: number,
  change: UserChange | undefined,
  index: number,
): SessionStatus | undefined {
  const seeded = population.sessionCount(user);
  if (index < seeded) return population.sessionAt(user, index).status;
  return change?.begun[index - seeded]?.status;
}

/** How many sessions a user has, those of before the drill first. */
export function sessionCount(population: Population, user: number, change: UserChange | undefined): number {
  return population.sessionCount(user) + (change?.begun.length ?? 0);
}

/** When a session ended in this drill; undefined where it did not. Only meaningful for sessions that were live. */
export function endedAt(change: UserChange | undefined, index: number): number | undefined {
  if (change === undefined) return undefined;
  const all = change.allEnded;
  return change.endedAt.get(index) ?? (all !== undefined && index < all.sessions ? all.at : undefined);
}

/** Sessions of a user that are live now. Who is gone has none. */
export function countLive(population: Population, user: number, change: UserChange | undefined): number {
  if (change?.deletedAt !== undefined) return 0;
  const statuses: readonly SessionStatus[] = [
    ...population.sessionStatuses(user),
    ...(change?.begun.map(({ status }) => status) ?? []),
  ];
  return statuses.filter((status, index) => isLive(status) && endedAt(change, index) === undefined).length;
}

/** Ends all that are live; false where none was. */
export function endAllSessions(fold: UserFold): boolean {
  const { context, user, change, at } = fold;
  const live = countLive(context.population, user, change);
  if (live === 0) return false;
  // One by one for those that an earlier sweep did not reach, so that each keeps its own time.
  const total = sessionCount(context.population, user, change);
  const before = change.allEnded;
  if (before !== undefined) {
    for (let index = 0; index < before.sessions; index += 1) {
      if (!change.endedAt.has(index)) change.endedAt.set(index, before.at);
    }
  }
  change.allEnded = { at, sessions: total };
  return note(fold, { at, kind: 'sessions-ended', sessions: live });
}
