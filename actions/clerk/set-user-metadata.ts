import { defineAction } from '../../engine/action.ts';
import { CLERK_ENV, CLERK_SECRETS, clerkClient } from './api/client.ts';
import { FLAG_VALUE, METADATA_FIELD, setMetadata } from './changes/metadata.ts';
import { describeClerk } from './readers/describe.ts';
import { USERS } from './schemas.ts';

export default defineAction({
  name: 'clerk.set-user-metadata',
  title: 'Set a metadata field of users',
  description:
    "Sets one field of users' private or public metadata, one request a user; nothing beside it changes. The earlier value is " +
    'read first, and the undo restores exactly that. A field that holds a list or an object is left alone.',
  effect: 'change',
  idempotent: true,
  isUndoable: true,
  input: {
    type: 'object',
    properties: {
      users: USERS,
      field: METADATA_FIELD,
      value: FLAG_VALUE,
      prune: {
        ...METADATA_FIELD,
        description:
          'With the value null: takes away what is around the field too, up to this, as far as it is left empty',
      },
    },
    required: ['users', 'field', 'value'],
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      set: { type: 'integer', description: 'Users for whom this step set it, over all attempts' },
      alreadySet: { type: 'integer', description: 'Users who had this value before' },
      failed: {
        type: 'array',
        items: { type: 'string' },
        description: 'Ids that were refused or that Clerk does not know',
      },
    },
    required: ['set', 'alreadySet', 'failed'],
    additionalProperties: false,
  },
  secrets: CLERK_SECRETS,
  env: CLERK_ENV,
  describe: describeClerk,
  async run({ users, field, value, prune }, ctx) {
    const to = { field, value, prune };
    const { done, already, failed, unknown } = await setMetadata(ctx, await clerkClient(ctx), users, to);
    return { set: done, alreadySet: already, failed: [...failed, ...unknown].sort() };
  },
});
