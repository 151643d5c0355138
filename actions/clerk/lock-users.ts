import { defineAction } from '../../engine/action.ts';
import { CLERK_ENV, CLERK_SECRETS } from './api/client.ts';
import { setLocks } from './changes/locks.ts';
import { describeClerk } from './readers/describe.ts';
import { USERS_INPUT } from './schemas.ts';

export default defineAction({
  name: 'clerk.lock-users',
  title: 'Lock users',
  description:
    'Locks users, one request a user: they cannot sign in until the lock runs out. How long it holds is a setting of the ' +
    'instance. Clerk does not say that a lock ends sessions: revoke them too. Users who were locked before keep their lock, ' +
    'which runs out as it would have: `expiresInSeconds` says when the first of all these locks ends. Who must stay out longer ' +
    'is unlocked first, or banned. The undo unlocks those whom this step locked.',
  effect: 'destructive',
  idempotent: true,
  isUndoable: true,
  input: USERS_INPUT,
  output: {
    type: 'object',
    properties: {
      locked: { type: 'integer', description: 'Users whom this step locked, over all attempts' },
      alreadyLocked: { type: 'integer', description: 'Users who were locked before' },
      failed: { type: 'array', items: { type: 'string' }, description: 'Ids that Clerk refused or does not know' },
      expiresInSeconds: {
        type: 'integer',
        description:
          'After how many seconds the first of all locks runs out, those from before too; absent where none does',
      },
    },
    required: ['locked', 'alreadyLocked', 'failed'],
    additionalProperties: false,
  },
  secrets: CLERK_SECRETS,
  env: CLERK_ENV,
  describe: describeClerk,
  async run({ users }, ctx) {
    const undo = { uses: 'clerk.unlock-users', each: 'users' };
    const { changed, already, failed, expiresInSeconds } = await setLocks(users, ctx, {
      locked: true,
      verb: 'lock',
      undo,
    });
    return {
      locked: changed,
      alreadyLocked: already,
      failed,
      ...(expiresInSeconds === undefined ? {} : { expiresInSeconds }),
    };
  },
});
