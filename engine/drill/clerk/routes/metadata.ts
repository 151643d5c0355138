// PATCH /users/{user_id}/metadata: deep merge, `null` removes a key at any level.
import { isJsonObject, type JsonObject } from '../../../json.ts';
import { METADATA_KINDS } from '../../state/user-change.ts';
import { invalidParameter } from '../errors.ts';
import { readBody } from '../parameters.ts';
import { presentUser } from '../present.ts';
import type { ClerkRoute } from '../route.ts';
import { findUser } from './users.ts';

export const metadataRoutes: readonly ClerkRoute[] = [
  {
    method: 'PATCH',
    path: '/v1/users/:userId/metadata',
    handler: ({ params, body, now }, context) => {
      const user = findUser(context, params.userId);
      const given = readBody(body, METADATA_KINDS);
      const patch: { [kind: string]: JsonObject } = {};
      for (const kind of METADATA_KINDS) {
        const value = given[kind] ?? null;
        if (value === null) continue;
        if (!isJsonObject(value)) throw invalidParameter(kind, 'must be an object');
        patch[kind] = value;
      }
      context.commit({ type: 'user.metadata', at: now, user: context.population.idAt(user), patch });
      return presentUser(context, user, now);
    },
  },
];
