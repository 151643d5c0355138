import { defineAction } from '../../engine/action.ts';
import { CLERK_ENV, CLERK_SECRETS } from './api/client.ts';
import { setLocks } from './changes/locks.ts';
import { describeClerk } from './readers/describe.ts';
import { USERS_INPUT } from './schemas.ts';

export default defineAction({
  name: 'clerk.unlock-users',
  title: 'Unlock users',
  description:
    'Lifts the lock of users, one request a user, so that they can sign in again. The undo locks them anew, for the full ' +
    'time that the instance sets: how much of the earlier lock was left cannot be restored.',
  effect: 'change',
  idempotent: true,
  isUndoable: true,
  input: USERS_INPUT,
  output: {
    type: 'object',
    properties: {
      unlocked: { type: 'integer', description: 'Users whose lock this step lifted, over all attempts' },
      notLocked: { type: 'integer', description: 'Users who were not locked before' },
      failed: { type: 'array', items: { type: 'string' }, description: 'Ids that Clerk refused or does not know' },
    },
    required: ['unlocked', 'notLocked', 'failed'],
    additionalProperties: false,
  },
  secrets: CLERK_SECRETS,
  env: CLERK_ENV,
  describe: describeClerk,
  async run({ users }, ctx) {
    const undo = { uses: 'clerk.lock-users', each: 'users' };
    const { changed, already, failed } = await setLocks(users, ctx, { locked: false, verb: 'unlock', undo });
    return { unlocked: changed, notLocked: already, failed };
  },
});
