import { defineAction } from '../../engine/action.ts';
import { CLERK_ENV, CLERK_SECRETS } from './api/client.ts';
import { setBanMarks } from './changes/ban.ts';
import { describeClerk } from './readers/describe.ts';
import { USERS_INPUT } from './schemas.ts';

export default defineAction({
  name: 'clerk.unban-users',
  title: 'Lift the ban of users',
  description:
    'Lifts the ban mark, 50 users a request. They can sign in again; sessions that the ban ended stay ended.',
  effect: 'change',
  idempotent: true,
  isUndoable: true,
  input: USERS_INPUT,
  output: {
    type: 'object',
    properties: {
      unbanned: { type: 'integer', description: 'Users whose ban this step lifted, over all attempts' },
      notBanned: { type: 'integer', description: 'Users who were not banned before' },
      failed: { type: 'array', items: { type: 'string' }, description: 'Ids that Clerk refused or does not know' },
    },
    required: ['unbanned', 'notBanned', 'failed'],
    additionalProperties: false,
  },
  secrets: CLERK_SECRETS,
  env: CLERK_ENV,
  describe: describeClerk,
  async run({ users }, ctx) {
    const undo = { uses: 'clerk.ban-users', each: 'users' };
    const result = await setBanMarks(users, ctx, { banned: false, verb: 'unban', undo });
    return { unbanned: result.changed, notBanned: result.already, failed: result.failed };
  },
});
