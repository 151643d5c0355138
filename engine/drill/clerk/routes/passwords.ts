// Passwords marked as compromised. The mark itself is in no answer (schema User has no field for it); the world's state
// shows it.
import { invalidParameter } from '../errors.ts';
import { readBody } from '../parameters.ts';
import { presentUser } from '../present.ts';
import type { ClerkRoute } from '../route.ts';
import { findUser } from './users.ts';

export const passwordRoutes: readonly ClerkRoute[] = [
  {
    method: 'POST',
    path: '/v1/users/:userId/password/set_compromised',
    // Silent: marking twice. Ours answers 200; `revoke_all_sessions` still ends what is live.
    handler: ({ params, body, now }, context) => {
      const user = findUser(context, params.userId);
      const flag = readBody(body, ['revoke_all_sessions']).revoke_all_sessions ?? false;
      if (typeof flag !== 'boolean') throw invalidParameter('revoke_all_sessions', 'must be a boolean');
      const id = context.population.idAt(user);
      context.commit({ type: 'password.set-compromised', at: now, user: id, endSessions: flag });
      return presentUser(context, user, now);
    },
  },
  {
    method: 'POST',
    path: '/v1/users/:userId/password/unset_compromised',
    handler: ({ params, now }, context) => {
      const user = findUser(context, params.userId);
      context.commit({ type: 'password.unset-compromised', at: now, user: context.population.idAt(user) });
      return presentUser(context, user, now);
    },
  },
];
