// Sessions: GET /sessions, GET /sessions/{id}, POST /sessions/{id}/revoke, POST /sessions/{id}/tokens.
import type { Json, JsonObject } from '../../../json.ts';
import type { World } from '../../context.ts';
import { FRONTEND_HOST } from '../../keys.ts';
import { sessionIndexOf } from '../../population/ids.ts';
import { isLive, type SessionStatus } from '../../population/sessions.ts';
import * as view from '../../state/view.ts';
import { badRequest, invalidParameter, missingParameter, notFound } from '../errors.ts';
import { readBody, readBoolean, readPage } from '../parameters.ts';
import { presentSession } from '../present.ts';
import type { ClerkContext, ClerkRequest, ClerkRoute } from '../route.ts';

/** GET /sessions, status. `pending` is not among them, so `status=active` misses such sessions and nothing asks for them. */
const STATUSES = ['abandoned', 'active', 'ended', 'expired', 'removed', 'replaced', 'revoked'];
/** "session tokens about 60 s": Clerk's default lifetime. */
const TOKEN_SECONDS = 60;

interface Found {
  readonly user: number;
  readonly index: number;
}

function findSession(world: World, id: string | undefined): Found {
  const found = sessionIndexOf(world.population.seed, id ?? '');
  // Silent: the sessions of a user who was deleted. Ours are gone with them.
  const isThere =
    found !== undefined && view.isThere(world, found.user) && found.index < view.countSessions(world, found.user);
  if (!isThere) throw notFound('session', id ?? '');
  return found;
}

function statusOf(world: World, { user, index }: Found): SessionStatus {
  return view.sessionStatuses(world, user)[index] ?? 'ended';
}

function list({ query }: ClerkRequest, world: ClerkContext): Json {
  const { limit, offset } = readPage(query);
  const isPaginated = readBoolean(query, 'paginated') ?? false;
  const status = query.get('status') ?? '';
  if (status !== '' && !STATUSES.includes(status))
    throw invalidParameter('status', `must be one of ${STATUSES.join(', ')}`);
  const userId = query.get('user_id') ?? '';
  const clientId = query.get('client_id') ?? '';
  if (userId === '' && clientId === '') {
    throw missingParameter('user_id', 'At least one of client_id or user_id must be given.');
  }
  // Silent: what an unknown user answers. `choices.unknownSessionUser`: an empty list, as for the filters of GET /users, or 404.
  // Clients are not kept apart from users in this world, so client_id only narrows a user's list.
  const user = view.findUser(world, userId);
  if (user === undefined && userId !== '' && world.choices.unknownSessionUser === 'refuse')
    throw notFound('user', userId);
  const fitting = user === undefined ? [] : fittingSessions(world, user, status, clientId);
  const page = fitting.slice(offset, offset + limit);
  const data: JsonObject[] = user === undefined ? [] : page.map((index) => presentSession(world, user, index));
  // Not in the OpenAPI file, whose schema is a bare array; the SDK always asks for it.
  return isPaginated ? { data, total_count: fitting.length } : data;
}

function fittingSessions(world: World, user: number, status: string, clientId: string): readonly number[] {
  const all = view.sessionIndexes(world, user);
  if (status === '' && clientId === '') return all;
  const statuses = view.sessionStatuses(world, user);
  return all
    .filter((index) => status === '' || statuses[index] === status)
    .filter((index) => clientId === '' || view.sessionAt(world, user, index).clientId === clientId);
}

/** Silent: revoking what is no longer live. `choices.revokeEnded`: 200 with the session as it is, or 400. */
function revoke({ params, now }: ClerkRequest, context: ClerkContext): Json {
  const found = findSession(context, params.sessionId);
  if (!isLive(statusOf(context, found)) && context.choices.revokeEnded === 'refuse') {
    throw badRequest('session_not_active', 'The session is not active, so it cannot be revoked.');
  }
  context.commit({ type: 'session.revoke', at: now, session: params.sessionId ?? '' });
  return presentSession(context, found.user, found.index);
}

/** Silent: a token for a session that is not live. The file lists 401 and 404 only; ours answers 404. */
function createToken({ params, body }: ClerkRequest, context: ClerkContext): Json {
  const found = findSession(context, params.sessionId);
  const seconds = readBody(body, ['expires_in_seconds']).expires_in_seconds ?? TOKEN_SECONDS;
  if (typeof seconds !== 'number' || !Number.isInteger(seconds) || seconds < 30 || seconds > 315_360_000) {
    throw invalidParameter('expires_in_seconds', 'must be an integer between 30 and 315360000');
  }
  const status = statusOf(context, found);
  if (!isLive(status)) throw notFound('active session', params.sessionId ?? '');
  const nowSeconds = Math.floor(context.wallNow() / 1000); // Whoever verifies it goes by the machine's clock.
  const { actor } = view.sessionAt(context, found.user, found.index);
  return {
    object: 'token',
    jwt: context.signer.sign({
      ...(actor === null ? {} : { act: { sub: actor } }),
      exp: nowSeconds + seconds,
      fva: [0, -1],
      iat: nowSeconds,
      iss: `https://${FRONTEND_HOST}`,
      nbf: nowSeconds - 10,
      sid: params.sessionId,
      sts: status,
      sub: context.population.idAt(found.user),
      v: 2,
    }),
  };
}

export const sessionRoutes: readonly ClerkRoute[] = [
  { method: 'GET', path: '/v1/sessions', handler: list },
  {
    method: 'GET',
    path: '/v1/sessions/:sessionId',
    handler: ({ params }, world) => {
      const { user, index } = findSession(world, params.sessionId);
      return presentSession(world, user, index);
    },
  },
  { method: 'POST', path: '/v1/sessions/:sessionId/revoke', handler: revoke },
  { method: 'POST', path: '/v1/sessions/:sessionId/tokens', handler: createToken },
];
