// Which of Clerk's webhook events a mutation gives, and their bodies: Clerk Webhooks 2025-04-15. Nothing is sent for bans,
// locks, failed sign-ins, API keys and second factors: there are no such events. Whether sessions that a ban ends give
// session.revoked is silent; here they do not.

import type { JsonObject } from '../../../json.ts';
import { presentSession, presentUser } from '../../clerk/present.ts';
import type { WorldContext } from '../../context.ts';
import { sessionIndexOf } from '../../population/ids.ts';
import { endedAt } from '../../state/live-sessions.ts';
import type { Mutation } from '../../state/mutation.ts';
import * as view from '../../state/view.ts';

export interface ClerkEvent {
  readonly type: string;
  readonly body: string;
}

/** The event of a mutation that has just been folded in; undefined where there is none or where it changed nothing. */
export function eventOf(context: WorldContext, mutation: Mutation): ClerkEvent | undefined {
  switch (mutation.type) {
    case 'user.create':
      return userEvent(context, 'user.created', view.userIndexes(context) - 1, mutation.at);
    case 'user.update':
    case 'user.metadata':
    case 'credential.add':
    case 'credential.remove':
      return changedUserEvent(context, mutation.user, mutation.at);
    case 'user.delete': {
      const user = view.findUserEver(context, mutation.user);
      if (user === undefined || context.state.users.get(user)?.deletedAt !== mutation.at) return undefined;
      return deletedEvent(context, mutation.user, mutation.at);
    }
    case 'session.begin': {
      const user = view.findUser(context, mutation.user);
      if (user === undefined) return undefined;
      const begun = context.state.users.get(user)?.begun ?? [];
      if (begun.at(-1)?.at !== mutation.at) return undefined;
      const type = mutation.status === 'pending' ? 'session.pending' : 'session.created';
      return sessionEvent(context, type, {
        user,
        index: context.population.sessionCount(user) + begun.length - 1,
        at: mutation.at,
      });
    }
    case 'session.revoke': {
      const found = sessionIndexOf(context.population.seed, mutation.session);
      if (found === undefined || !view.isThere(context, found.user)) return undefined;
      if (endedAt(context.state.users.get(found.user), found.index) !== mutation.at) return undefined;
      return sessionEvent(context, 'session.revoked', { ...found, at: mutation.at });
    }
    default:
      return undefined;
  }
}

export function userEvent(
  context: WorldContext,
  type: 'user.created' | 'user.updated',
  user: number,
  at: number,
): ClerkEvent {
  return wrap(context, type, at, presentUser(context, user, at));
}

/** `data` of a deleted user holds no `updated_at`: schema DeletedObject. */
export function deletedEvent(context: WorldContext, id: string, at: number): ClerkEvent {
  return wrap(context, 'user.deleted', at, { object: 'user', id, deleted: true });
}

function changedUserEvent(context: WorldContext, id: string, at: number): ClerkEvent | undefined {
  const user = view.findUser(context, id);
  if (user === undefined || context.state.users.get(user)?.updatedAt !== at) return undefined;
  return userEvent(context, 'user.updated', user, at);
}

function sessionEvent(
  context: WorldContext,
  type: 'session.created' | 'session.pending' | 'session.revoked',
  { user, index, at }: { readonly user: number; readonly index: number; readonly at: number },
): ClerkEvent {
  // Schema Session of the webhooks has no `tasks`, and no null for `latest_activity`.
  const { tasks: _tasks, latest_activity: activity, ...session } = presentSession(context, user, index);
  const data = {
    ...session,
    ...(activity === null || activity === undefined ? {} : { latest_activity: activity }),
    user: presentUser(context, user, at),
  };
  return wrap(context, type, at, data, view.sessionAt(context, user, index).activity?.address);
}

/** `timestamp` is in milliseconds, as Clerk's times are; the file says only "Unix timestamp". */
function wrap(context: WorldContext, type: string, at: number, data: JsonObject, clientIp = ''): ClerkEvent {
  const body = {
    data,
    event_attributes: { http_request: { client_ip: clientIp, user_agent: '' } },
    instance_id: context.keys.instanceId,
    object: 'event',
    timestamp: at,
    type,
  };
  return { type, body: JSON.stringify(body) };
}
