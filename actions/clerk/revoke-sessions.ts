import { defineAction } from '../../engine/action.ts';
import { CLERK_ENV, CLERK_SECRETS, clerkClient } from './api/client.ts';
import { endSessions } from './changes/end-sessions.ts';
import { describeClerk } from './readers/describe.ts';
import { distinct, USERS } from './schemas.ts';

export default defineAction({
  name: 'clerk.revoke-sessions',
  title: 'Revoke sessions',
  description:
    "Ends every active and pending session of the given users: lists each user's sessions to the end of the pages, " +
    'revokes those that are open, and lists again until none is left; or the chosen `sessions` alone, as a search found ' +
    'them, each read again afterwards. A user whose sessions Clerk does not list stops nobody else: the step fails at its ' +
    'end, and names that user. Sessions cannot be brought back. ' +
    'Tokens already issued verify without Clerk until they expire (about a minute for session tokens), and a user ' +
    'who is not banned can sign in again.',
  effect: 'destructive',
  idempotent: true,
  input: {
    type: 'object',
    properties: {
      users: { ...USERS, description: 'Clerk ids of users: all of their sessions' },
      sessions: {
        type: 'array',
        description: 'Ids of sessions: these, and no others of their users',
        items: { type: 'string', pattern: '^sess_\\w+$' },
      },
    },
    minProperties: 1,
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      users: { type: 'integer', description: 'Users whose sessions were listed' },
      unknown: {
        type: 'array',
        items: { type: 'string' },
        description: 'Users and chosen sessions that Clerk says it does not know. It need not say so of all users',
      },
      revoked: { type: 'integer', description: 'Sessions that this step ended, over all attempts' },
      alreadyEnded: { type: 'integer', description: 'Sessions that had ended by themselves before the revoke arrived' },
      remaining: { type: 'integer', description: 'Sessions still open at the end: protected or skipped on purpose' },
    },
    required: ['users', 'unknown', 'revoked', 'alreadyEnded', 'remaining'],
    additionalProperties: false,
  },
  secrets: CLERK_SECRETS,
  env: CLERK_ENV,
  describe: describeClerk,
  async run({ users = [], sessions = [] }, ctx) {
    const client = await clerkClient(ctx);
    const ids = distinct(users);
    const allowed = new Set(await ctx.expect({ kind: 'user', ids, verb: 'revoke sessions of' }));
    const { revoked, alreadyRevoked, held, unknown } = await endSessions(client, ctx, {
      users: ids,
      mayEnd: allowed,
      sessions: distinct(sessions),
    });
    if (unknown.length > 0) ctx.log(`Clerk knows no such user or session: ${unknown.join(', ')}`);
    return { users: ids.length, unknown, revoked, alreadyEnded: alreadyRevoked, remaining: held.length };
  },
});
