import { defineAction, type Target } from '../../engine/action.ts';
import { CLERK_ENV, CLERK_SECRETS, clerkClient } from './api/client.ts';
import { listEach, unreadError } from './api/list-each.ts';
import { isOpen, listSessions } from './api/sessions.ts';
import { describeClerk } from './readers/describe.ts';
import { distinct, USERS_INPUT } from './schemas.ts';

export default defineAction({
  name: 'clerk.count-active-sessions',
  title: 'Count the open sessions of users',
  description: 'Counts the sessions of the given users that are active or pending: the proof that containment held.',
  effect: 'read',
  idempotent: true,
  input: USERS_INPUT,
  output: {
    type: 'object',
    properties: {
      count: { type: 'integer', description: 'Open sessions of all the users together' },
      users: {
        type: 'array',
        description: 'One entry for each user whom Clerk knows, in the order given',
        items: {
          type: 'object',
          properties: { user: { type: 'string' }, active: { type: 'integer' } },
          required: ['user', 'active'],
          additionalProperties: false,
        },
      },
      unknown: {
        type: 'array',
        items: { type: 'string' },
        description: 'Users whom Clerk says it does not know. It need not say so of all',
      },
    },
    required: ['count', 'users', 'unknown'],
    additionalProperties: false,
  },
  secrets: CLERK_SECRETS,
  env: CLERK_ENV,
  describe: describeClerk,
  async run({ users }, ctx) {
    const client = await clerkClient(ctx);
    const ids = distinct(users);
    let listed = 0;
    const sources = ids.map((id): Target => ({ kind: 'user', id }));
    const { read, unknown, unread } = await listEach(ctx, sources, async ({ id }) => {
      const active = (await listSessions(client, id)).filter(isOpen).length;
      listed++;
      ctx.progress(listed, ids.length, 'users');
      return active;
    });
    const count = read.reduce((sum, { list }) => sum + list, 0);
    if (unread.length > 0) {
      ctx.log(`${count} open sessions of the ${read.length} users who could be read`);
      throw unreadError(unread, 'sessions');
    }
    if (unknown.length > 0) ctx.log(`Clerk knows no such user: ${unknown.map(({ id }) => id).join(', ')}`);
    return {
      count,
      users: read.map(({ source, list }) => ({ user: source.id, active: list })),
      unknown: unknown.map(({ id }) => id).sort(),
    };
  },
});
