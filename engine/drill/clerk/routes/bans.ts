// Banning and locking. A ban also ends all sessions ("all their sessions are revoked"); lifting it restores none.
import type { Json } from '../../../json.ts';
import { effectiveLock } from '../../state/user-change.ts';
import { findUser as findUserHere, isBanned } from '../../state/view.ts';
import { badRequest, notFound } from '../errors.ts';
import { readUserIds } from '../parameters.ts';
import { requirePlan } from '../plan.ts';
import { presentUser } from '../present.ts';
import type { ClerkContext, ClerkRequest, ClerkRoute } from '../route.ts';
import { findUser } from './users.ts';

type BanType = 'users.ban' | 'users.unban';

/** Silent: whether banning a banned user answers 200 or 400. `choices.repeatBan`; unbanning twice is always accepted. */
function refuseRepeat(type: BanType, user: number, context: ClerkContext): void {
  if (type !== 'users.ban' || context.choices.repeatBan === 'accept' || !isBanned(context, user)) return;
  throw badRequest('user_already_banned', 'The user is already banned.');
}

function setBan(type: BanType, { params, now }: ClerkRequest, context: ClerkContext): Json {
  requirePlan(context, 'bans');
  const user = findUser(context, params.userId);
  refuseRepeat(type, user, context);
  context.commit({ type, at: now, users: [context.population.idAt(user)] });
  return presentUser(context, user, now);
}

/**
 * Silent: what an unknown id does. `choices.bulkUnknownUser`: it is left out of the answer and the others are done, or
 * 404 and nothing is done. A repeated id counts once; a banned user among them is never refused.
 */
function setBans(type: BanType, { body, now }: ClerkRequest, context: ClerkContext): Json {
  requirePlan(context, 'bans');
  const users = new Map<number, string>();
  for (const id of new Set(readUserIds(body))) {
    const user = findUserHere(context, id);
    if (user !== undefined) users.set(user, id);
    else if (context.choices.bulkUnknownUser === 'refuse') throw notFound('user', id);
  }
  if (users.size > 0) context.commit({ type, at: now, users: [...users.values()] });
  return [...users.keys()].map((user) => presentUser(context, user, now));
}

export const banRoutes: readonly ClerkRoute[] = [
  { method: 'POST', path: '/v1/users/ban', handler: (request, context) => setBans('users.ban', request, context) },
  { method: 'POST', path: '/v1/users/unban', handler: (request, context) => setBans('users.unban', request, context) },
  {
    method: 'POST',
    path: '/v1/users/:userId/ban',
    handler: (request, context) => setBan('users.ban', request, context),
  },
  {
    method: 'POST',
    path: '/v1/users/:userId/unban',
    handler: (request, context) => setBan('users.unban', request, context),
  },
  {
    method: 'POST',
    path: '/v1/users/:userId/lock',
    // Silent: whether a lock ends sessions, and locking twice. `choices.lockEndsSessions`, `lockSeconds`; a second lock
    // starts the time anew.
    handler: ({ params, now }, context) => {
      const user = findUser(context, params.userId);
      const { lockSeconds, lockEndsSessions } = context.choices;
      const id = context.population.idAt(user);
      context.commit({ type: 'user.lock', at: now, user: id, seconds: lockSeconds, endSessions: lockEndsSessions });
      return presentUser(context, user, now);
    },
  },
  {
    method: 'POST',
    path: '/v1/users/:userId/unlock',
    // Silent: unlocking one who is not locked. `choices.unlockUnlocked`: 200 with the user as it is, or 400.
    handler: ({ params, now }, context) => {
      const user = findUser(context, params.userId);
      const isLocked = effectiveLock(context.state.users.get(user), now) !== undefined;
      if (!isLocked && context.choices.unlockUnlocked === 'refuse') {
        throw badRequest('user_not_locked', 'The user is not locked.');
      }
      context.commit({ type: 'user.unlock', at: now, user: context.population.idAt(user) });
      return presentUser(context, user, now);
    },
  },
];
