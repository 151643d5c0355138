// The family's reader: what protection is judged by, the state before a change, and whether an undo still applies.
import type { Describe, Described, Json } from '../../../engine/action.ts';
import { type ClerkApiKey, readApiKey } from '../api/api-keys.ts';
import { asReadFailure } from '../api/call-error.ts';
import { CLERK_CONCURRENCY, type ClerkClient, clerkClient } from '../api/client.ts';
import { mapConcurrent } from '../api/concurrency.ts';
import { type ClerkSession, readSession } from '../api/sessions.ts';
import { type ClerkUser, readUsers } from '../api/users.ts';
import { takeAtHand } from '../api/users-at-hand.ts';
import { describeCredentials } from './describe-credentials.ts';
import { describeSettings } from './describe-settings.ts';

/** Kinds `user` (100 a request) and those of ONE_BY_ONE. Any other kind is left out of the map. */
export const describeClerk: Describe = async (kind, ids, ctx) => {
  if (kind === 'user') {
    const users = new Map(takeAtHand(ctx));
    const others = ids.filter((id) => !users.has(id));
    for (const [id, user] of await readUsers(await clerkClient(ctx), others)) users.set(id, user);
    return new Map(ids.map((id) => [id, describedOrNull(users.get(id), describeUser)]));
  }
  const settings = await describeSettings(kind, ids, ctx);
  if (settings !== undefined) return settings;
  const credentials = await describeCredentials(kind, ids, ctx);
  if (credentials !== undefined) return credentials;
  const readOne = ONE_BY_ONE.get(kind);
  if (readOne === undefined) return new Map();
  const client = await clerkClient(ctx);
  const entries = await mapConcurrent(ids, CLERK_CONCURRENCY, async (id) => {
    try {
      return [id, await readOne(client, id)] as const;
    } catch (error) {
      throw asReadFailure(error);
    }
  });
  return new Map(entries);
};

/** Kinds that Clerk reads one a request. */
const ONE_BY_ONE: ReadonlyMap<string, (client: ClerkClient, id: string) => Promise<Described | null>> = new Map([
  [
    'session',
    async (client: ClerkClient, id: string) =>
      describedOrNull((await readSession(client, id)) ?? undefined, describeSession),
  ],
  [
    'api-key',
    async (client: ClerkClient, id: string) =>
      describedOrNull((await readApiKey(client, id)) ?? undefined, describeApiKey),
  ],
]);

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

function describeApiKey({ name, subject, isRevoked }: ClerkApiKey): Described {
  const kind = subject.startsWith('org_') ? 'organization' : 'user';
  return { attributes: { name, subject }, state: { revoked: isRevoked }, owner: { kind, id: subject } };
}
