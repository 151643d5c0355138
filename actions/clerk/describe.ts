// The family's reader: what protection is judged by, the state before a change, and whether an undo still applies.
import type { Describe, Described, Json } from '../../engine/action.ts';
import { asReadFailure } from './call-error.ts';
import { CLERK_CONCURRENCY, clerkClient } from './client.ts';
import { mapConcurrent } from './concurrency.ts';
import { type ClerkSession, readSession } from './sessions.ts';
import { type ClerkUser, readUsers } from './users.ts';

/** Kinds `user` (100 a request) and `session` (one a request). Any other kind is left out of the map. */
export const describeClerk: Describe = async (kind, ids, ctx) => {
  if (kind === 'user') {
    const users = await readUsers(await clerkClient(ctx), ids);
    return new Map(ids.map((id) => [id, describedOrNull(users.get(id), describeUser)]));
  }
  if (kind === 'session') {
    const client = await clerkClient(ctx);
    const entries = await mapConcurrent(ids, CLERK_CONCURRENCY, async (id) => {
      try {
        const session = await readSession(client, id);
        return [id, describedOrNull(session ?? undefined, describeSession)] as const;
      } catch (error) {
        throw asReadFailure(error);
      }
    });
    return new Map(entries);
  }
  return new Map();
};

function describedOrNull<T>(found: T | undefined, describe: (found: T) => Described): Described | null {
  return found === undefined ? null : describe(found);
}

/**
 * Roles stand in public or private metadata. Unsafe metadata stay out: users write those themselves, and nobody may
 * make himself a protected account.
 */
export function describeUser(user: ClerkUser): Described {
  return {
    attributes: {
      emails: user.emails,
      publicMetadata: user.publicMetadata,
      privateMetadata: user.privateMetadata,
      ...(user.username === undefined ? {} : { username: user.username }),
      ...(user.externalId === undefined ? {} : { externalId: user.externalId }),
    },
    state: { banned: user.banned, locked: user.locked },
  };
}

function describeSession(session: ClerkSession): Described {
  const attributes: Record<string, Json> = { userId: session.userId };
  if (session.ip !== undefined) attributes.ip = session.ip;
  if (session.country !== undefined) attributes.country = session.country;
  return { attributes, state: { status: session.status }, owner: { kind: 'user', id: session.userId } };
}
