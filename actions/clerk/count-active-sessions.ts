import { defineAction } from '../../engine/action.ts';
import { CLERK_CONCURRENCY, CLERK_ENV, CLERK_SECRETS, clerkClient } from './client.ts';
import { mapConcurrent } from './concurrency.ts';
import { describeClerk } from './describe.ts';
import { distinct, USERS } from './schemas.ts';
import { isOpen, listSessions } from './sessions.ts';

export default defineAction({
  name: 'clerk.count-active-sessions',
  title: 'Count the open sessions of users',
  description: 'Counts the sessions of the given users that are active or pending: the proof that containment held.',
  effect: 'read',
  idempotent: true,
  input: {
    type: 'object',
    properties: { users: USERS },
    required: ['users'],
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      count: { type: 'integer', description: 'Open sessions of all the users together' },
      users: {
        type: 'array',
        description: 'One entry a user, in the order given',
        items: {
          type: 'object',
          properties: { user: { type: 'string' }, active: { type: 'integer' } },
          required: ['user', 'active'],
          additionalProperties: false,
        },
      },
    },
    required: ['count', 'users'],
    additionalProperties: false,
  },
  secrets: CLERK_SECRETS,
  env: CLERK_ENV,
  describe: describeClerk,
  async run({ users }, ctx) {
    const client = await clerkClient(ctx);
    const ids = distinct(users);
    let listed = 0;
    const counts = await mapConcurrent(ids, CLERK_CONCURRENCY, async (user) => {
      const active = (await listSessions(client, user)).filter(isOpen).length;
      listed++;
      ctx.progress(listed, ids.length, 'users');
      return { user, active };
    });
    return { count: counts.reduce((sum, one) => sum + one.active, 0), users: counts };
  },
});
