// Machines and their opaque tokens. Tokens in JWT form "are stateless and are not stored": no list has them, and nothing
// revokes them (Clerk Backend API 2026-05-12, GET /m2m_tokens).
import type { Json, JsonObject } from '../../../json.ts';
import type { KeyGround, SeededKey } from '../../population/key-ground.ts';
import {
  machineAt,
  machineIndex,
  machineTokenAt,
  machineTokens,
  type SeededMachine,
} from '../../population/machines.ts';
import { randomWord, STREAM } from '../../random.ts';
import { badRequest, invalidParameter, missingParameter, notFound } from '../errors.ts';
import { bothPaths, groundOf, readFlag, readKeyPage, readReason, readSubject } from '../key-requests.ts';
import { readBody, readPage } from '../parameters.ts';
import type { ClerkContext, ClerkRequest, ClerkRoute } from '../route.ts';

const MACHINE = /^mch_\w{27}$/;
/** POST /machines/{id}/secret_key/rotate, previous_token_ttl: 0..28,800 s. */
const LONGEST_TTL_SECONDS = 28_800;

function presentMachine(context: ClerkContext, machine: SeededMachine): JsonObject {
  const { id, name, createdAt, tokenSeconds } = machine;
  return {
    object: 'machine',
    id,
    name,
    instance_id: context.instance.id,
    created_at: createdAt,
    updated_at: context.state.keys.rotated.get(id)?.at ?? createdAt,
    default_token_ttl: tokenSeconds,
    scoped_machines: [],
  };
}

const ORDERS: { readonly [name: string]: (a: SeededMachine, b: SeededMachine) => number } = {
  name: (a, b) => a.name.localeCompare(b.name),
  created_at: (a, b) => a.createdAt - b.createdAt,
};

function listMachines({ query }: ClerkRequest, context: ClerkContext): Json {
  const ground = groundOf(context);
  const { limit, offset } = readPage(query);
  const [, sign = '', field = ''] = /^([+-]?)(\w+)$/.exec(query.get('order_by') || '-created_at') ?? [];
  const compare = ORDERS[field];
  if (compare === undefined) throw invalidParameter('order_by', 'must be name or created_at');
  const text = query.get('query') ?? '';
  const found = Array.from({ length: ground.spec.machines }, (_, machine) => machineAt(ground, machine))
    .filter(({ id, name }) => text === '' || id === text || name.includes(text))
    .sort((a, b) => (sign === '-' ? compare(b, a) : compare(a, b)));
  const data = found.slice(offset, offset + limit).map((machine) => presentMachine(context, machine));
  return { data, total_count: found.length };
}

/** @throws ClerkApiError 404 */
function findMachine(ground: KeyGround, id: string): number {
  const machine = machineIndex(ground, id);
  if (machine === undefined) throw notFound('machine', id);
  return machine;
}

/** The new key is in the answer alone; the drill's machines use none, so nothing checks it. */
function rotate({ params, body, now }: ClerkRequest, context: ClerkContext): Json {
  const ttl = readBody(body, ['previous_token_ttl']).previous_token_ttl;
  if (ttl === undefined) throw missingParameter('previous_token_ttl', 'previous_token_ttl must be included.');
  if (typeof ttl !== 'number' || !Number.isInteger(ttl) || ttl < 0 || ttl > LONGEST_TTL_SECONDS) {
    throw invalidParameter('previous_token_ttl', `must be an integer between 0 and ${LONGEST_TTL_SECONDS}`);
  }
  const id = params.machine_id ?? '';
  const machine = findMachine(groundOf(context), id);
  context.commit({ type: 'machine-key.rotate', at: now, machine: id, previousTtlSeconds: ttl });
  const { count } = context.state.keys.rotated.get(id) ?? { count: 0 };
  return { object: 'machine_secret_key', secret: `ak_${randomWord(40, context.seed, STREAM.machine, machine, count)}` };
}

function presentToken({ state }: ClerkContext, token: SeededKey): JsonObject {
  const revoked = state.keys.revoked.get(token.id);
  return {
    object: 'machine_to_machine_token',
    id: token.id,
    subject: token.subject,
    claims: null,
    scopes: [],
    revoked: revoked !== undefined,
    revocation_reason: revoked?.reason ?? null,
    expired: false,
    expiration: null,
    last_used_at: token.lastUsedAt,
    created_at: token.createdAt,
    updated_at: revoked?.at ?? token.createdAt,
  };
}

/** Silent: whether `revoked=true` adds the revoked ones or shows them alone. Ours adds them. Newest first. */
function listTokens({ query }: ClerkRequest, context: ClerkContext): Json {
  const subject = readSubject(query, MACHINE);
  const { limit, offset } = readKeyPage(query);
  const hasRevoked = readFlag(query, 'revoked');
  readFlag(query, 'expired');
  const ground = groundOf(context);
  const tokens = machineTokens(ground, findMachine(ground, subject))
    .toReversed()
    .filter(({ id }) => hasRevoked || !context.state.keys.revoked.has(id));
  const page = tokens.slice(offset, offset + limit);
  return { m2m_tokens: page.map((token) => presentToken(context, token)), total_count: tokens.length };
}

/** Silent: revoking twice. `choices.repeatKeyRevoke`: 200 with the token as it is, or 400. */
function revokeToken({ params, body, now }: ClerkRequest, context: ClerkContext): Json {
  const reason = readReason(body);
  const ground = groundOf(context);
  const id = params.m2m_token_id ?? '';
  const found = machineTokenAt(ground, id);
  const token = found === undefined ? undefined : machineTokens(ground, found.machine)[found.place];
  if (token === undefined) throw notFound('token', id);
  if (context.state.keys.revoked.has(id) && context.choices.repeatKeyRevoke === 'refuse') {
    throw badRequest('token_revoked', 'The token is revoked already.');
  }
  context.commit({ type: 'm2m-token.revoke', at: now, id, ...(reason === undefined ? {} : { reason }) });
  return presentToken(context, token);
}

export const machineRoutes: readonly ClerkRoute[] = [
  { method: 'GET', path: '/v1/machines', handler: listMachines },
  {
    method: 'GET',
    path: '/v1/machines/:machine_id',
    handler: ({ params }, context) => {
      const ground = groundOf(context);
      return presentMachine(context, machineAt(ground, findMachine(ground, params.machine_id ?? '')));
    },
  },
  { method: 'POST', path: '/v1/machines/:machine_id/secret_key/rotate', handler: rotate },
  ...bothPaths('GET', '/m2m_tokens', listTokens),
  ...bothPaths('POST', '/m2m_tokens/:m2m_token_id/revoke', revokeToken),
];
