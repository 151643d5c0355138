// Sign-in and actor tokens can be revoked and nothing else: there is no list and no read of them.
import type { Json } from '../../../json.ts';
import { findIssuedToken, type IssuedKind } from '../../population/issued-tokens.ts';
import { badRequest, notFound } from '../errors.ts';
import { groundOf } from '../key-requests.ts';
import type { ClerkContext, ClerkRequest, ClerkRoute } from '../route.ts';

/** Silent: revoking one twice. `choices.repeatKeyRevoke`: 200, or 400 as for one that was used. */
function revoke(kind: IssuedKind, id: string, { now }: ClerkRequest, context: ClerkContext): Json {
  const token = findIssuedToken(groundOf(context), kind, id);
  if (token === undefined) throw notFound(`${kind} token`, id);
  const isRevoked = context.state.keys.revoked.has(id);
  if (token.isUsed || (isRevoked && context.choices.repeatKeyRevoke === 'refuse')) {
    throw badRequest(
      `${kind.replace('-', '_')}_token_cannot_be_revoked`,
      `The token is ${token.isUsed ? 'accepted' : 'revoked'} and cannot be revoked.`,
    );
  }
  context.commit({ type: `${kind}-token.revoke`, at: now, id });
  return {
    object: kind === 'actor' ? 'actor_token' : 'sign_in_token',
    id,
    user_id: token.user,
    ...(kind === 'actor' ? { actor: { sub: 'support' } } : {}),
    status: 'revoked',
    created_at: token.createdAt,
    updated_at: now,
  };
}

export const tokenRoutes: readonly ClerkRoute[] = [
  {
    method: 'POST',
    path: '/v1/sign_in_tokens/:sign_in_token_id/revoke',
    handler: (request, context) => revoke('sign-in', request.params.sign_in_token_id ?? '', request, context),
  },
  {
    method: 'POST',
    path: '/v1/actor_tokens/:actor_token_id/revoke',
    handler: (request, context) => revoke('actor', request.params.actor_token_id ?? '', request, context),
  },
];
