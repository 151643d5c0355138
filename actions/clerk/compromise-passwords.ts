import { defineAction } from '../../engine/action.ts';
import { CLERK_ENV, CLERK_SECRETS, clerkClient } from './api/client.ts';
import { compromisePasswords } from './changes/passwords.ts';
import { describeClerk } from './readers/describe.ts';
import { USERS } from './schemas.ts';

export default defineAction({
  name: 'clerk.compromise-passwords',
  title: 'Mark passwords as compromised',
  description:
    'Marks the passwords of users as compromised, one request a user, so that Clerk asks for a new one at the next sign-in, ' +
    'and ends all their sessions at once. Whether it asks depends on the task "force password reset" of the instance (on by ' +
    'default only for instances made after 2025-12-08): look there first. Who signs in without a password is not asked. ' +
    'Whether a password was marked before cannot be read: the undo takes the mark off all that this step marked, those that ' +
    'were marked before included, and only with --unchecked, since nothing can look. Sessions stay ended.',
  effect: 'destructive',
  idempotent: true,
  isUndoable: true,
  input: {
    type: 'object',
    properties: {
      users: USERS,
      revokeSessions: { type: 'boolean', default: true, description: 'Also end all sessions, in the same request' },
    },
    required: ['users'],
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      marked: { type: 'integer', description: 'Users whose password this step marked, over all attempts' },
      failed: { type: 'array', items: { type: 'string' }, description: 'Ids that Clerk refused or does not know' },
    },
    required: ['marked', 'failed'],
    additionalProperties: false,
  },
  secrets: CLERK_SECRETS,
  env: CLERK_ENV,
  describe: describeClerk,
  async run({ users, revokeSessions = true }, ctx) {
    const { done, failed } = await compromisePasswords(ctx, await clerkClient(ctx), users, revokeSessions);
    return { marked: done, failed };
  },
});
