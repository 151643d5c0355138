// Which of a user's sessions are live, and how they end: those of the seed with those begun since. An index of a session
// that began during the drill follows those of the population.
import type { Population } from '../population/population.ts';
import { isLive, type SessionStatus } from '../population/sessions.ts';
import { note, type UserFold } from './on-user.ts';
import type { UserChange } from './user-change.ts';

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
