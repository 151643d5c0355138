// Passwords marked as compromised. The mark itself is in no answer (schema User has no field for it); the world's state
// shows it.
import { badRequest, invalidParameter } from '../errors.ts';
import { readBody } from '../parameters.ts';
import { presentUser } from '../present.ts';
import type { ClerkContext, ClerkRoute } from '../route.ts';
import { findUser } from './users.ts';

function isMarked({ state }: ClerkContext, user: number): boolean {
  return state.users.get(user)?.passwordCompromised === true;
}

export const passwordRoutes: readonly ClerkRoute[] = [
  {
    method: 'POST',
    path: '/v1/users/:userId/password/set_compromised',
    // Silent: marking twice. `choices.repeatCompromise`: 200, and `revoke_all_sessions` still ends what is live, or 400.
    handler: ({ params, body, now }, context) => {
      const user = findUser(context, params.userId);
      const flag = readBody(body, ['revoke_all_sessions']).revoke_all_sessions ?? false;
      if (typeof flag !== 'boolean') throw invalidParameter('revoke_all_sessions', 'must be a boolean');
      if (isMarked(context, user) && context.choices.repeatCompromise === 'refuse') {
        throw badRequest('password_already_compromised', 'The password is marked as compromised already.');
      }
      const id = context.population.idAt(user);
      context.commit({ type: 'password.set-compromised', at: now, user: id, endSessions: flag });
      return presentUser(context, user, now);
    },
  },
  {
    method: 'POST',
    path: '/v1/users/:userId/password/unset_compromised',
    // Silent: a password that is not marked. `choices.repeatUncompromise`: 200 or 400.
    handler: ({ params, now }, context) => {
      const user = findUser(context, params.userId);
      if (!isMarked(context, user) && context.choices.repeatUncompromise === 'refuse') {
        throw badRequest('password_not_compromised', 'The password is not marked as compromised.');
      }
      context.commit({ type: 'password.unset-compromised', at: now, user: context.population.idAt(user) });
      return presentUser(context, user, now);
    },
  },
];
