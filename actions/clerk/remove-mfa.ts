import { defineAction } from '../../engine/action.ts';
import { CLERK_ENV, CLERK_SECRETS, clerkClient } from './api/client.ts';
import { readCredentials } from './api/user-credentials.ts';
import { phoneFactorsOf, removeFactors, setPhoneFactors } from './changes/second-factors.ts';
import { describeClerk } from './readers/describe.ts';
import { distinct, USERS } from './schemas.ts';

export default defineAction({
  name: 'clerk.remove-mfa',
  title: 'Remove second factors',
  description:
    'Takes second factors of users away, so that an intruder who enrolled one does not keep it: all of them, authenticator ' +
    'apps (TOTP) alone, or backup codes alone. Authenticator apps and backup codes are gone for good: their owners enrol ' +
    'anew. With `all`, phone numbers stop being a second factor, one request each, and the undo makes them one again; the ' +
    'numbers stay. Until they enrol anew the users sign in with the first factor alone: make the password unusable first.',
  effect: 'destructive',
  idempotent: true,
  isUndoable: true,
  input: {
    type: 'object',
    properties: {
      users: USERS,
      what: {
        type: 'string',
        enum: ['all', 'totp', 'backup_code'],
        description: 'Which of them: all, authenticator apps, or backup codes',
        default: 'all',
      },
    },
    required: ['users'],
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      removed: {
        type: 'integer',
        description: 'Users who lost an authenticator app or backup codes, over all attempts',
      },
      alreadyWithout: { type: 'integer', description: 'Users who had none of these before' },
      phonesReleased: { type: 'integer', description: 'Phone numbers that are no second factor any more' },
      failed: {
        type: 'array',
        items: { type: 'string' },
        description: 'What Clerk refused: users, or user/phone number',
      },
      unknown: { type: 'array', items: { type: 'string' }, description: 'Ids that Clerk does not know' },
    },
    required: ['removed', 'alreadyWithout', 'phonesReleased', 'failed', 'unknown'],
    additionalProperties: false,
  },
  secrets: CLERK_SECRETS,
  env: CLERK_ENV,
  describe: describeClerk,
  async run({ users, what }, ctx) {
    const client = await clerkClient(ctx);
    const ids = distinct(users);
    const allowed = await ctx.expect({ kind: 'user', ids, verb: 'remove second factors of' });
    const found = await readCredentials(client, ids);
    const mine = allowed.flatMap((id) => found.get(id) ?? []);
    const undo = { uses: 'clerk.restore-phone-factors', each: 'phones' };
    // First, so that each number that DELETE /mfa would take is on record with its way back.
    const phones = what === 'all' ? mine.flatMap(phoneFactorsOf) : [];
    const released = await setPhoneFactors(ctx, client, { phones, users: found, reserved: false, undo });
    const removed = await removeFactors(ctx, client, { users: mine, what });
    return {
      removed: removed.done,
      alreadyWithout: removed.already,
      phonesReleased: released.done,
      failed: [...removed.failed, ...released.failed],
      unknown: ids.filter((id) => !found.has(id)).sort(),
    };
  },
});
