// API keys of users and organizations, and which organizations a user is in.
import { isJsonObject, type JsonObject } from '../../../engine/action.ts';
import { type ClerkCall, ClerkCallError } from './call-error.ts';
import { type ClerkClient, notJson } from './client.ts';
import { readAll, refusalOf, textIn } from './key-pages.ts';

/** GET /api_keys: `limit` at most 100; the default of 10 is why the eleventh key of a naive script stays active. */
const KEYS_PER_PAGE = 100;
/** GET /users/{id}/organization_memberships: `limit` at most 500. */
const MEMBERSHIPS_PER_PAGE = 500;

export interface ClerkApiKey {
  readonly id: string;
  /** Whose it is: a user's or an organization's id. */
  readonly subject: string;
  readonly name: string;
  readonly isRevoked: boolean;
}

/**
 * Keys of a user or an organization that are accepted now: without `include_invalid` the list leaves revoked and expired
 * ones out.
 * @returns null where Clerk answers 404: there is no such subject. It may answer an empty list to that too.
 */
export async function listApiKeys(client: ClerkClient, subject: string): Promise<ClerkApiKey[] | null> {
  try {
    const rows = await readAll(client, {
      name: 'GET /api_keys',
      target: `keys of ${subject}`,
      path: '/api_keys',
      query: [['subject', subject]],
      pageSize: KEYS_PER_PAGE,
      rowsAt: 'data',
    });
    return rows.map((row) => toKey(row, subject)).filter((key) => !key.isRevoked);
  } catch (error) {
    if (refusalOf(error) === 404) return null;
    throw error;
  }
}

/** One key, or null where Clerk knows none of this id. */
export async function readApiKey(client: ClerkClient, id: string): Promise<ClerkApiKey | null> {
  const call: ClerkCall = { name: 'GET /api_keys/{id}', target: `API key ${id}`, isRepeatable: true };
  try {
    return await client.send(call, async () =>
      parseKey(call, await client.request(call, { method: 'GET', path: `/api_keys/${id}` })),
    );
  } catch (error) {
    if (error instanceof ClerkCallError && error.status === 404) return null;
    throw error;
  }
}

/**
 * POST /api_keys/{id}/revoke. What Clerk answers for a key that is revoked already is stated nowhere, and an answer may be
 * lost for good: then the key itself is read.
 * @returns `revoked` where this call did it, `over` where it was so before.
 * @throws ClerkCallError
 */
export async function revokeApiKey(client: ClerkClient, id: string, reason: string): Promise<'revoked' | 'over'> {
  const call: ClerkCall = { name: 'POST /api_keys/{id}/revoke', target: `API key ${id}`, isRepeatable: true };
  try {
    const body = { revocation_reason: reason };
    const key = await client.send(call, async () =>
      parseKey(call, await client.request(call, { method: 'POST', path: `/api_keys/${id}/revoke`, body })),
    );
    if (key.isRevoked) return 'revoked';
    throw new ClerkCallError(call, { text: 'the answer shows it still active' });
  } catch (error) {
    if (!(error instanceof ClerkCallError)) throw error;
    const saysNothing = error.fate === 'unknown' || error.status === 400 || error.status === 404;
    if (!saysNothing) throw error;
    const key = await readApiKey(client, id).catch(() => undefined);
    if (key === undefined || (key !== null && !key.isRevoked)) throw error;
    return error.fate === 'unknown' ? 'revoked' : 'over';
  }
}

/** Ids of the organizations a user is a member of; none for a user whom Clerk does not know. */
export async function organizationsOf(client: ClerkClient, user: string): Promise<string[]> {
  try {
    const rows = await readAll(client, {
      name: 'GET /users/{id}/organization_memberships',
      target: `user ${user}`,
      path: `/users/${user}/organization_memberships`,
      pageSize: MEMBERSHIPS_PER_PAGE,
      rowsAt: 'data',
    });
    return rows.flatMap(({ organization }) =>
      isJsonObject(organization) && typeof organization.id === 'string' ? [organization.id] : [],
    );
  } catch (error) {
    if (refusalOf(error) === 404) return [];
    throw error;
  }
}

function parseKey(call: ClerkCall, body: unknown): ClerkApiKey {
  if (!isJsonObject(body) || typeof body.id !== 'string' || typeof body.subject !== 'string') throw notJson(call);
  return toKey(body, body.subject);
}

function toKey(row: JsonObject, subject: string): ClerkApiKey {
  return {
    id: textIn(row, 'id') ?? '',
    subject: textIn(row, 'subject') ?? subject,
    name: textIn(row, 'name') ?? '',
    isRevoked: row.revoked === true,
  };
}
