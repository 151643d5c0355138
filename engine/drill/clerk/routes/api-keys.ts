// API keys of users and organizations: GET /api_keys, GET /api_keys/{id}, POST /api_keys/{id}/revoke.
import type { Json, JsonObject } from '../../../json.ts';
import { seededApiKeys, subjectOfApiKey } from '../../population/api-keys.ts';
import { organizationIndex } from '../../population/organizations.ts';
import { findUser } from '../../state/view.ts';
import { badRequest, notFound } from '../errors.ts';
import { bothPaths, groundOf, readFlag, readKeyPage, readReason, readSubject } from '../key-requests.ts';
import type { ClerkContext, ClerkRequest, ClerkRoute } from '../route.ts';

const SUBJECT = /^(user|org|mch|scim)_\w{27}$/;

interface ApiKey {
  readonly id: string;
  readonly subject: string;
  readonly name: string;
  readonly createdAt: number;
  readonly lastUsedAt: number | null;
  readonly revoked: { readonly at: number; readonly reason: string | null } | undefined;
}

/** Newest first: "in descending order by creation date". */
function keysOf(context: ClerkContext, subject: string): readonly ApiKey[] {
  const { apiKeys, revoked } = context.state.keys;
  const seeded = seededApiKeys(groundOf(context), subject).map(
    ({ isRevokedAtStart, isAttackers: _, ...key }): ApiKey => ({
      ...key,
      revoked: isRevokedAtStart ? { at: key.createdAt + 86_400_000, reason: 'rotated' } : revoked.get(key.id),
    }),
  );
  const added = apiKeys
    .filter((key) => key.subject === subject)
    .map(
      ({ id, name, at }): ApiKey => ({ id, subject, name, createdAt: at, lastUsedAt: null, revoked: revoked.get(id) }),
    );
  return [...seeded, ...added].sort((a, b) => b.createdAt - a.createdAt);
}

/** @throws ClerkApiError 404 */
function findKey(context: ClerkContext, id: string): ApiKey {
  const added = context.state.keys.apiKeys.find((key) => key.id === id);
  const subject = added?.subject ?? subjectOfApiKey(groundOf(context), id);
  const key = subject === undefined ? undefined : keysOf(context, subject).find((one) => one.id === id);
  if (key === undefined) throw notFound('API key', id);
  return key;
}

function present({ id, subject, name, createdAt, lastUsedAt, revoked }: ApiKey): JsonObject {
  return {
    object: 'api_key',
    id,
    type: 'api_key',
    subject,
    name,
    description: null,
    claims: null,
    scopes: [],
    revoked: revoked !== undefined,
    revocation_reason: revoked?.reason ?? null,
    expired: false,
    expiration: null,
    created_by: subject.startsWith('user_') ? subject : null,
    last_used_at: lastUsedAt,
    created_at: createdAt,
    updated_at: revoked?.at ?? createdAt,
  };
}

/** Silent: what a subject answers that there is not. `choices.unknownKeySubject`: an empty list, or 404. */
function list({ query }: ClerkRequest, context: ClerkContext): Json {
  const subject = readSubject(query, SUBJECT);
  const { limit, offset } = readKeyPage(query);
  const hasInvalid = readFlag(query, 'include_invalid');
  const isKnown =
    findUser(context, subject) !== undefined || organizationIndex(groundOf(context), subject) !== undefined;
  if (!isKnown && context.choices.unknownKeySubject === 'refuse') throw notFound('subject', subject);
  const text = (query.get('query') ?? '').toLowerCase();
  const keys = (isKnown ? keysOf(context, subject) : []).filter(
    (key) => (hasInvalid || key.revoked === undefined) && (text === '' || key.name.toLowerCase().includes(text)),
  );
  return { data: keys.slice(offset, offset + limit).map(present), total_count: keys.length };
}

/** Silent: revoking twice. `choices.repeatKeyRevoke`: 200 with the key as it is, or 400. */
function revoke({ params, body, now }: ClerkRequest, context: ClerkContext): Json {
  const reason = readReason(body);
  const key = findKey(context, params.apiKeyID ?? '');
  if (key.revoked !== undefined && context.choices.repeatKeyRevoke === 'refuse') {
    throw badRequest('api_key_revoked', 'The API key is revoked already.');
  }
  const { id, subject } = key;
  context.commit({ type: 'api-key.revoke', at: now, id, subject, ...(reason === undefined ? {} : { reason }) });
  return present(findKey(context, id));
}

export const apiKeyRoutes: readonly ClerkRoute[] = [
  ...bothPaths('GET', '/api_keys', list),
  ...bothPaths('GET', '/api_keys/:apiKeyID', ({ params }, context) => present(findKey(context, params.apiKeyID ?? ''))),
  ...bothPaths('POST', '/api_keys/:apiKeyID/revoke', revoke),
];
