// Ending sessions, all of some users or chosen ones, until none of them is left.
import type { ActionContext, Target } from '../../../engine/action.ts';
import type { ClerkClient } from '../api/client.ts';
import { type ClerkSession, isOpen, listSessions, readSession, revokeSession } from '../api/sessions.ts';
import { inBatches, type Revocable, type Revoked, revokeUntilNoneIsLeft } from './revoke-until-none.ts';

export interface Ending {
  /** All of their sessions, to the end of the pages. */
  readonly users: readonly string[];
  /** Those of them whom `ctx.expect` lets the step touch. */
  readonly mayEnd: ReadonlySet<string>;
  /** These, of whomever they are. */
  readonly sessions?: readonly string[];
}

/** All open sessions of these users. @param mayEnd as `ctx.expect` answered. @throws as revokeUntilNoneIsLeft */
export async function endSessionsOf(
  client: ClerkClient,
  ctx: ActionContext,
  users: readonly string[],
  mayEnd: ReadonlySet<string>,
): Promise<Revoked> {
  return await endSessions(client, ctx, { users, mayEnd });
}

/** `unknown` has users and sessions. @throws as revokeUntilNoneIsLeft */
export async function endSessions(client: ClerkClient, ctx: ActionContext, ending: Ending): Promise<Revoked> {
  const { users, mayEnd, sessions = [] } = ending;
  const whole = new Set(users);
  const chosen = sessions.map((id): Target => ({ kind: 'session', id }));
  return await revokeUntilNoneIsLeft(ctx, {
    kind: 'session',
    after: { status: 'revoked' },
    left: 'sessions are still open',
    noun: 'sessions',
    // Nobody counted the owners of chosen ones yet: all of them are one batch, counted before its first call.
    batches: [
      ...inBatches(users.map((id): Target => ({ kind: 'user', id }))),
      ...(chosen.length === 0 ? [] : [chosen]),
    ],
    isAllowed: (user) => mayEnd.has(user.id) || !whole.has(user.id),
    list: async ({ kind, id }) => {
      if (kind === 'user') return (await listSessions(client, id)).filter(isOpen).map(asRevocable);
      const session = await readSession(client, id);
      if (session === null) return null;
      return isOpen(session) ? [asRevocable(session)] : [];
    },
    revoke: ({ id }) => revokeSession(client, id),
  });
}

function asRevocable({ id, userId, status }: ClerkSession): Revocable {
  return { id, owner: { kind: 'user', id: userId }, before: { status }, attributes: { userId } };
}
