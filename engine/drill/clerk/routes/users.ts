// Reading users: GET /users, /users/count, /users/{user_id}.

import type { World } from '../../context.ts';
import * as view from '../../state/view.ts';
import { notFound } from '../errors.ts';
import { presentUser } from '../present.ts';
import type { ClerkRoute } from '../route.ts';
import { countUsers, listUsers } from '../user-list.ts';

/** @throws ClerkApiError 404 */
export function findUser(world: World, id: string | undefined): number {
  const user = view.findUser(world, id ?? '');
  if (user === undefined) throw notFound('user', id ?? '');
  return user;
}

export const userRoutes: readonly ClerkRoute[] = [
  {
    method: 'GET',
    path: '/v1/users',
    handler: ({ query, now }, world) => listUsers(query, world).map((user) => presentUser(world, user, now)),
  },
  {
    method: 'GET',
    path: '/v1/users/count',
    handler: ({ query }, world) => ({ object: 'total_count', total_count: countUsers(query, world) }),
  },
  {
    method: 'GET',
    path: '/v1/users/:userId',
    handler: ({ params, now }, world) => presentUser(world, findUser(world, params.userId), now),
  },
];
