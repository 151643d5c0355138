// Ways in: e-mail addresses, phone numbers, external accounts, passkeys and web3 wallets. What is not there (any more)
// answers 404; of passkeys the file does not say what a repeat does: `choices.repeatRemoval`.
// Silent: what becomes of the primary address or number once it is deleted. Ours makes the next oldest the primary one,
// and refuses to delete a user's last e-mail address with the 409 that the file lists for that operation alone.
import type { Json } from '../../../json.ts';
import type { Credential, CredentialKind } from '../../population/credentials.ts';
import { credentialsOf, findCredential, ownerOf } from '../../state/credential-view.ts';
import { ClerkApiError, invalidParameter, notFound } from '../errors.ts';
import { readBody } from '../parameters.ts';
import { presentEmail, presentPhone } from '../present-credentials.ts';
import type { ClerkContext, ClerkRequest, ClerkRoute } from '../route.ts';
import { findUser } from './users.ts';

interface Found {
  readonly user: number;
  readonly credential: Credential;
}

/** @throws ClerkApiError 404 */
function find(context: ClerkContext, kind: CredentialKind, id = ''): Found {
  const found = findCredential(context, id);
  if (found === undefined || found.credential.kind !== kind) throw notFound(kind, id);
  return found;
}

/** The same among those of one user, whom the path names. @throws ClerkApiError 404 */
function findOfUser(context: ClerkContext, kind: CredentialKind, params: ClerkRequest['params']): Found {
  const user = findUser(context, params.userId);
  const found = find(context, kind, params.id);
  if (found.user !== user) throw notFound(kind, params.id ?? '');
  return found;
}

function remove(context: ClerkContext, { user, credential }: Found, now: number): Json {
  context.commit({ type: 'credential.remove', at: now, user: context.population.idAt(user), id: credential.id });
  return deleted(credential.kind, credential.id);
}

function deleted(kind: CredentialKind, id: string): Json {
  return { object: kind, id, deleted: true };
}

function removeEmail({ params, now }: ClerkRequest, context: ClerkContext): Json {
  const found = find(context, 'email_address', params.id);
  const emails = credentialsOf(context, found.user).filter(({ kind }) => kind === 'email_address');
  if (emails.length === 1) {
    const text = 'The last e-mail address of a user cannot be deleted.';
    throw new ClerkApiError(409, [{ message: text, long_message: text, code: 'last_identification_deletion_failed' }]);
  }
  return remove(context, found, now);
}

function removePasskey({ params, now }: ClerkRequest, context: ClerkContext): Json {
  const { id = '' } = params;
  const isGone = ownerOf(context, id) === findUser(context, params.userId) && context.state.credentials.removed.has(id);
  if (isGone && context.choices.repeatRemoval === 'accept') return deleted('passkey', id);
  return remove(context, findOfUser(context, 'passkey', params), now);
}

/** Of `primary` and `verified` only what is so already is emulated: the first number is primary, and all are verified. */
function changePhone({ params, body, now }: ClerkRequest, context: ClerkContext): Json {
  const given = readBody(body, ['primary', 'reserved_for_second_factor', 'verified']);
  const { user, credential } = find(context, 'phone_number', params.id);
  const reserved = given.reserved_for_second_factor ?? credential.isSecondFactor;
  if (typeof reserved !== 'boolean') throw invalidParameter('reserved_for_second_factor', 'must be true or false');
  if (given.verified === false) throw invalidParameter('verified', 'is always true in a drill');
  const phones = phonesOf(context, user);
  if ((given.primary ?? false) !== false && phones[0]?.id !== credential.id) {
    throw invalidParameter('primary', 'cannot be changed in a drill');
  }
  if (reserved !== credential.isSecondFactor) {
    const owner = context.population.idAt(user);
    context.commit({ type: 'second-factor.reserve', at: now, user: owner, phone: credential.id, reserved });
  }
  return presentFoundPhone(context, find(context, 'phone_number', params.id));
}

function phonesOf(context: ClerkContext, user: number): readonly Credential[] {
  return credentialsOf(context, user).filter(({ kind }) => kind === 'phone_number');
}

function presentFoundPhone(context: ClerkContext, { user, credential }: Found): Json {
  return presentPhone(credential, phonesOf(context, user));
}

export const credentialRoutes: readonly ClerkRoute[] = [
  {
    method: 'GET',
    path: '/v1/email_addresses/:id',
    handler: ({ params }, context) => presentEmail(find(context, 'email_address', params.id).credential),
  },
  { method: 'DELETE', path: '/v1/email_addresses/:id', handler: removeEmail },
  {
    method: 'GET',
    path: '/v1/phone_numbers/:id',
    handler: ({ params }, context) => presentFoundPhone(context, find(context, 'phone_number', params.id)),
  },
  { method: 'PATCH', path: '/v1/phone_numbers/:id', handler: changePhone },
  {
    method: 'DELETE',
    path: '/v1/phone_numbers/:id',
    handler: ({ params, now }, context) => remove(context, find(context, 'phone_number', params.id), now),
  },
  {
    method: 'DELETE',
    path: '/v1/users/:userId/external_accounts/:id',
    handler: ({ params, now }, context) => remove(context, findOfUser(context, 'external_account', params), now),
  },
  {
    method: 'DELETE',
    path: '/v1/users/:userId/web3_wallets/:id',
    handler: ({ params, now }, context) => remove(context, findOfUser(context, 'web3_wallet', params), now),
  },
  { method: 'DELETE', path: '/v1/users/:userId/passkeys/:id', handler: removePasskey },
];
