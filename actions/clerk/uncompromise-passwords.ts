import { defineAction } from '../../engine/action.ts';
import { CLERK_ENV, CLERK_SECRETS, clerkClient } from './api/client.ts';
import { uncompromisePasswords } from './changes/passwords.ts';
import { describeClerk } from './readers/describe.ts';
import { USERS_INPUT } from './schemas.ts';

export default defineAction({
  name: 'clerk.uncompromise-passwords',
  title: 'Take the mark off compromised passwords',
  description:
    'Marks the passwords of users as no longer compromised, one request a user: they are not asked for a new one. Whether a ' +
    'password was marked before cannot be read. Sessions that ended stay ended. A reserved address that Clerk itself holds ' +
    'in quarantine stays there. The undo marks them again and ends no session; only with --unchecked, since nothing can look.',
  effect: 'change',
  idempotent: true,
  isUndoable: true,
  input: USERS_INPUT,
  output: {
    type: 'object',
    properties: {
      unmarked: { type: 'integer', description: 'Users for whom Clerk took the mark off, over all attempts' },
      failed: { type: 'array', items: { type: 'string' }, description: 'Ids that Clerk refused or does not know' },
    },
    required: ['unmarked', 'failed'],
    additionalProperties: false,
  },
  secrets: CLERK_SECRETS,
  env: CLERK_ENV,
  describe: describeClerk,
  async run({ users }, ctx) {
    const { done, failed } = await uncompromisePasswords(ctx, await clerkClient(ctx), users);
    return { unmarked: done, failed };
  },
});
