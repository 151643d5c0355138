import { defineAction } from '../../engine/action.ts';
import { CLERK_ENV, CLERK_SECRETS, clerkClient } from './api/client.ts';
import { endSessionsOf } from './changes/end-sessions.ts';
import { FLAG_VALUE, METADATA_FIELD, setMetadata } from './changes/metadata.ts';
import { describeClerk } from './readers/describe.ts';
import { distinct, USERS } from './schemas.ts';

export default defineAction({
  name: 'clerk.require-verification',
  title: 'Require additional verification of users',
  description: [
    "Sets a flag in users' metadata that the app enforces at sign-in, and ends their sessions, so that it acts at the next",
    'sign-in and not some day. Only for apps that look at such a flag: Clerk itself takes no notice of it. To require a second',
    "factor of everybody, turn on the instance's setting in the Dashboard (Require multi-factor authentication): no call does it.",
    'One request a user for the flag, one a session. The undo restores the earlier value of the flag exactly; sessions stay ended.',
  ].join('\n'),
  effect: 'destructive',
  idempotent: true,
  isUndoable: true,
  input: {
    type: 'object',
    properties: {
      users: USERS,
      field: METADATA_FIELD,
      value: { ...FLAG_VALUE, default: true, description: 'What the app looks for' },
      endSessions: { type: 'boolean', default: true, description: 'Also end all their sessions' },
    },
    required: ['users', 'field'],
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      flagged: { type: 'integer', description: 'Users for whom this step set the flag, over all attempts' },
      alreadyFlagged: { type: 'integer', description: 'Users who had it before' },
      revoked: { type: 'integer', description: 'Sessions that this step ended, over all attempts' },
      remaining: {
        type: 'integer',
        description: 'Sessions still open at the end: protected or skipped. 0 where `endSessions` is false',
      },
      failed: {
        type: 'array',
        items: { type: 'string' },
        description: 'Ids that were refused or that Clerk does not know',
      },
    },
    required: ['flagged', 'alreadyFlagged', 'revoked', 'remaining', 'failed'],
    additionalProperties: false,
  },
  secrets: CLERK_SECRETS,
  env: CLERK_ENV,
  describe: describeClerk,
  async run({ users, field, value = true, endSessions = true }, ctx) {
    const client = await clerkClient(ctx);
    const ids = distinct(users);
    const allowed = await ctx.expect({ kind: 'user', ids, verb: 'require verification of' });
    // The flag first: who signs in again right after their session ended must meet it.
    const { done, already, failed, unknown } = await setMetadata(ctx, client, allowed, { field, value });
    const left = endSessions ? await endSessionsOf(client, ctx, ids, new Set(allowed)) : { held: [], revoked: 0 };
    return {
      flagged: done,
      alreadyFlagged: already,
      revoked: left.revoked,
      remaining: left.held.length,
      failed: [...failed, ...unknown].sort(),
    };
  },
});
