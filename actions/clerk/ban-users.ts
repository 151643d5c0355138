import { defineAction } from '../../engine/action.ts';
import { CLERK_ENV, CLERK_SECRETS } from './api/client.ts';
import { setBanMarks, throwIfNobody } from './changes/ban.ts';
import { describeClerk } from './readers/describe.ts';
import { USERS_INPUT } from './schemas.ts';

export default defineAction({
  name: 'clerk.ban-users',
  title: 'Ban users',
  description:
    'Bans users, 50 a request: they can no longer sign in, and Clerk ends all their sessions. Users who were banned ' +
    'before are counted apart and left alone by an undo. The undo lifts the mark; it restores no session. ' +
    'Where the plan refuses bans (402) the action fails for good and names the fallback.',
  effect: 'destructive',
  idempotent: true,
  isUndoable: true,
  input: USERS_INPUT,
  output: {
    type: 'object',
    properties: {
      banned: { type: 'integer', description: 'Users that this step banned, over all attempts' },
      alreadyBanned: { type: 'integer', description: 'Users who were banned before' },
      failed: {
        type: 'array',
        items: { type: 'string' },
        description: 'Ids that Clerk refused or does not know. Where that is all of them the step fails',
      },
    },
    required: ['banned', 'alreadyBanned', 'failed'],
    additionalProperties: false,
  },
  secrets: CLERK_SECRETS,
  env: CLERK_ENV,
  describe: describeClerk,
  async run({ users }, ctx) {
    const undo = { uses: 'clerk.unban-users', each: 'users' };
    const result = await setBanMarks(users, ctx, { banned: true, verb: 'ban', undo });
    throwIfNobody(ctx, result, 'banned');
    return { banned: result.changed, alreadyBanned: result.already, failed: result.failed };
  },
});
