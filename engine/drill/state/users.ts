// Marks on users: bans, locks, compromised passwords, metadata; and users who sign up, change and leave during the drill.
import type { At, Folds } from './fold.ts';
import { endAllSessions } from './live-sessions.ts';
import { type MetadataPatch, mergeMetadata } from './metadata.ts';
import { note, onUser, type UserFold } from './on-user.ts';
import { isBanned } from './sign-in.ts';
import { effectiveLock, emptyChange } from './user-change.ts';
import { userCount } from './who.ts';

export type UserMutation = At &
  (
    | { readonly type: 'users.ban'; readonly users: readonly string[] }
    | { readonly type: 'users.unban'; readonly users: readonly string[] }
    | {
        readonly type: 'user.lock';
        readonly user: string;
        readonly seconds: number | null;
        readonly endSessions: boolean;
      }
    | { readonly type: 'user.unlock'; readonly user: string }
    | { readonly type: 'password.set-compromised'; readonly user: string; readonly endSessions: boolean }
    | { readonly type: 'password.unset-compromised'; readonly user: string }
    | { readonly type: 'user.metadata'; readonly user: string; readonly patch: MetadataPatch }
    | {
        readonly type: 'user.update';
        readonly user: string;
        readonly firstName?: string;
        readonly lastName?: string;
      }
    | { readonly type: 'user.delete'; readonly user: string }
    /** Somebody signs up. Their id follows from the seed: `nextUserId` of who.ts gives it beforehand. */
    | {
        readonly type: 'user.create';
        readonly email?: string;
        readonly firstName?: string;
        readonly lastName?: string;
      }
  );

export const userFolds: Folds<UserMutation, undefined> = {
  'users.ban': (_, mutation, context) => {
    for (const id of mutation.users) onUser(context, mutation, id, ban);
  },
  'users.unban': (_, mutation, context) => {
    for (const id of mutation.users) onUser(context, mutation, id, unban);
  },
  'user.lock': (_, mutation, context) =>
    onUser(context, mutation, mutation.user, (fold) => {
      const { change, at } = fold;
      const before = effectiveLock(change, at);
      change.lock = { until: mutation.seconds === null ? null : at + mutation.seconds * 1000 };
      const ended = mutation.endSessions && endAllSessions(fold);
      if (before === undefined) note(fold, { at, kind: 'locked' });
      return before === undefined || ended;
    }),
  'user.unlock': (_, mutation, context) =>
    onUser(context, mutation, mutation.user, (fold) => {
      if (effectiveLock(fold.change, fold.at) === undefined) return false;
      delete fold.change.lock;
      return note(fold, { at: fold.at, kind: 'unlocked' });
    }),
  'password.set-compromised': (_, mutation, context) =>
    onUser(context, mutation, mutation.user, (fold) => {
      const ended = mutation.endSessions && endAllSessions(fold);
      if (fold.change.passwordCompromised === true) return ended;
      fold.change.passwordCompromised = true;
      return note(fold, { at: fold.at, kind: 'password-set-compromised' });
    }),
  'password.unset-compromised': (_, mutation, context) =>
    onUser(context, mutation, mutation.user, (fold) => {
      if (fold.change.passwordCompromised !== true) return false;
      fold.change.passwordCompromised = false;
      return note(fold, { at: fold.at, kind: 'password-unset-compromised' });
    }),
  'user.metadata': (_, mutation, context) =>
    onUser(context, mutation, mutation.user, (fold) => mergeMetadata(fold, mutation.patch)),
  'user.update': (_, mutation, context) =>
    onUser(context, mutation, mutation.user, (fold) => {
      const { firstName, lastName } = mutation;
      fold.change.profile = {
        ...fold.change.profile,
        ...(firstName === undefined ? {} : { firstName }),
        ...(lastName === undefined ? {} : { lastName }),
      };
      return note(fold, { at: fold.at, kind: 'profile-changed' });
    }),
  'user.delete': (_, mutation, context) =>
    onUser(context, mutation, mutation.user, (fold) => {
      fold.change.deletedAt = fold.at;
      context.deleted.add(fold.user);
      return note(fold, { at: fold.at, kind: 'deleted' });
    }),
  'user.create': (_, { at, email, firstName, lastName }, context) => {
    const user = userCount(context);
    // Two in one millisecond still have an order.
    const createdAt = Math.max(at, (context.signUps.at(-1)?.createdAt ?? 0) + 1);
    context.signUps.push({
      createdAt,
      ...(email === undefined ? {} : { email }),
      ...(firstName === undefined ? {} : { firstName }),
      ...(lastName === undefined ? {} : { lastName }),
    });
    context.users.set(user, emptyChange(createdAt));
  },
};

function ban(fold: UserFold): boolean {
  const { context, user, change, at } = fold;
  if (isBanned(context, user)) return false;
  change.banned = true;
  note(fold, { at, kind: 'banned' });
  endAllSessions(fold); // "all their sessions are revoked": Clerk Backend API 2026-05-12, POST /users/{user_id}/ban
  return true;
}

/** Lifts the mark; a session that the ban ended stays ended. */
function unban(fold: UserFold): boolean {
  const { context, user, change, at } = fold;
  if (!isBanned(context, user)) return false;
  change.banned = false;
  return note(fold, { at, kind: 'unbanned' });
}
