// Taking second factors away. Silent: what a repeat does, that is, a user who has none such: `choices.repeatRemoval`, 200
// or the 404 that an unknown user gets too.
import type { Json } from '../../../json.ts';
import { credentialsOf, factorsOf } from '../../state/credential-view.ts';
import { notFound } from '../errors.ts';
import type { ClerkContext, ClerkRequest, ClerkRoute } from '../route.ts';
import { findUser } from './users.ts';

type What = 'mfa' | 'totp' | 'backup_code';

/** `mfa`: "all of a user's MFA methods (e.g. OTP sent via SMS, TOTP on their authenticator app) at once". */
function remove(what: What, { params, now }: ClerkRequest, context: ClerkContext): Json {
  const user = findUser(context, params.userId);
  const { totp, backupCode } = factorsOf(context, user);
  const reserved = credentialsOf(context, user).flatMap(({ id, isSecondFactor }) => (isSecondFactor ? [id] : []));
  const phones = what === 'mfa' ? reserved : [];
  const hasIt = what === 'totp' ? totp : what === 'backup_code' ? backupCode : totp || backupCode || phones.length > 0;
  const id = context.population.idAt(user);
  if (hasIt) context.commit({ type: 'second-factor.remove', at: now, user: id, what, phones });
  else if (context.choices.repeatRemoval === 'refuse') throw notFound(what, id);
  return { user_id: id };
}

export const secondFactorRoutes: readonly ClerkRoute[] = (['mfa', 'totp', 'backup_code'] as const).map((what) => ({
  method: 'DELETE',
  path: `/v1/users/:userId/${what}`,
  handler: (request, context) => remove(what, request, context),
}));
