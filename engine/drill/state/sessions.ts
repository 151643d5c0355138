// Sessions that end, and those that begin while the drill runs. A begun session's index follows those of the population.
import { MAX_SESSIONS_PER_USER, sessionIndexOf } from '../population/ids.ts';
import { isLive } from '../population/sessions.ts';
import type { CredentialState } from './credentials.ts';
import { type At, type Folds, noteRepeat } from './fold.ts';
import { endedAt, seededOrBegunStatus, sessionCount } from './live-sessions.ts';
import { note, onUser } from './on-user.ts';
import { attackerCanSignIn, canSignIn } from './sign-in.ts';
import { emptyChange } from './user-change.ts';

import { isThere } from './who.ts';

export type SessionMutation = At &
  (
    | { readonly type: 'session.revoke'; readonly session: string }
    /** Somebody signs in. Nothing happens where they cannot: see `canSignIn` and, of the attacker, `attackerCanSignIn`. */
    | {
        readonly type: 'session.begin';
        readonly user: string;
        readonly from: 'attacker' | 'home';
        readonly status: 'active' | 'pending';
        /** Who acts as the user (impersonation): an id. */
        readonly actor?: string;
      }
  );

/** Whoever signs in needs a way in, so the slice is that of the ways. */
export const sessionFolds: Folds<SessionMutation, CredentialState> = {
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
  'session.begin': (credentials, mutation, context) =>
    onUser(context, mutation, mutation.user, (fold) => {
      const { user, change, at } = fold;
      const { from, status, actor } = mutation;
      const isOpen =
        canSignIn(context, user, at) && (from !== 'attacker' || attackerCanSignIn({ ...context, credentials }, user));
      if (!isOpen || sessionCount(context.population, user, change) >= MAX_SESSIONS_PER_USER) return false;
      change.begun.push({ at, from, status, ...(actor === undefined ? {} : { actor }) });
      change.lastActiveAt = Math.max(change.lastActiveAt ?? 0, at);
      return true;
    }),
};
