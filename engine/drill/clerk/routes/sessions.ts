// Sessions: GET /sessions, GET /sessions/{id}, POST /sessions/{id}/revoke, POST /sessions/{id}/tokens.
import type { Json, JsonObject } from '../../../json.ts';
import type { World } from '../../context.ts';
import { FRONTEND_HOST } from '../../keys.ts';
import { sessionIndexOf } from '../../population/ids.ts';
import { isLive } from '../../population/sessions.ts';
import { endedAt } from '../../state/sessions.ts';
import { badRequest, invalidParameter, missingParameter, notFound } from '../errors.ts';
import { readBody, readBoolean, readPage } from '../parameters.ts';
import { presentSession, sessionStatus } from '../present.ts';
import type { ClerkContext, ClerkRequest, ClerkRoute } from '../route.ts';

/** GET /sessions, status. `pending` is not among them, so `status=active` misses such sessions and nothing asks for them. */
const STATUSES = ['abandoned', 'active', 'ended', 'expired', 'removed', 'replaced', 'revoked'];
/** "session tokens about 60 s": Clerk's default lifetime. */
const TOKEN_SECONDS = 60;

interface Found {
  readonly user: number;
  readonly index: number;
}

function findSession({ population }: World, id: string | undefined): Found {
  const found = sessionIndexOf(population.seed, id ?? '');
  if (found === undefined || found.user >= population.size || found.index >= population.sessionCount(found.user)) {
    throw notFound('session', id ?? '');
  }
  return found;
}

function statusOf({ population, state }: World, { user, index }: Found): string {
  const seeded = population.sessionStatuses(user)[index] ?? 'ended';
  return sessionStatus(seeded, endedAt(state.users.get(user), index));
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
  // Silent: what an unknown user answers. Ours: an empty list, as for the filters of GET /users. Clients are not kept
  // apart from users in this world, so client_id only narrows a user's list.
  const user = world.population.indexOf(userId);
  const fitting = user === undefined ? [] : fittingSessions(world, user, status, clientId);
  const page = fitting.slice(offset, offset + limit);
  const data: JsonObject[] = user === undefined ? [] : page.map((index) => presentSession(world, user, index));
  // Not in the OpenAPI file, whose schema is a bare array; the SDK always asks for it.
  return isPaginated ? { data, total_count: fitting.length } : data;
}

function fittingSessions(
  { population, state }: World,
  user: number,
  status: string,
  clientId: string,
): readonly number[] {
  const change = state.users.get(user);
  return population
    .sessionStatuses(user)
    .map((seeded, index) => ({ status: sessionStatus(seeded, endedAt(change, index)), index }))
    .filter((session) => status === '' || session.status === status)
    .map(({ index }) => index)
    .filter((index) => clientId === '' || population.sessionAt(user, index).clientId === clientId);
}

/** Silent: revoking what is no longer live. `choices.revokeEnded`: 200 with the session as it is, or 400. */
function revoke({ params, now }: ClerkRequest, context: ClerkContext): Json {
  const found = findSession(context, params.sessionId);
  const { status } = context.population.sessionAt(found.user, found.index);
  const wasLive = isLive(status) && endedAt(context.state.users.get(found.user), found.index) === undefined;
  if (!wasLive && context.choices.revokeEnded === 'refuse') {
    throw badRequest('session_not_active', 'The session is not active, so it cannot be revoked.');
  }
  context.commit({ type: 'session.revoke', at: now, session: params.sessionId ?? '' });
  return presentSession(context, found.user, found.index);
}

/** Silent: a token for a session that is not live. The file lists 401 and 404 only; ours answers 404. */
function createToken({ params, body, now }: ClerkRequest, context: ClerkContext): Json {
  const found = findSession(context, params.sessionId);
  const seconds = readBody(body, ['expires_in_seconds']).expires_in_seconds ?? TOKEN_SECONDS;
  if (typeof seconds !== 'number' || !Number.isInteger(seconds) || seconds < 30 || seconds > 315_360_000) {
    throw invalidParameter('expires_in_seconds', 'must be an integer between 30 and 315360000');
  }
  const status = statusOf(context, found);
  if (status !== 'active' && status !== 'pending') throw notFound('active session', params.sessionId ?? '');
  const nowSeconds = Math.floor(now / 1000);
  return {
    object: 'token',
    jwt: context.signer.sign({
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
