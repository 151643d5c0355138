import { defineAction } from '../../engine/action.ts';
import { CLERK_ENV, CLERK_SECRETS } from './api/client.ts';
import { IDENTIFIERS, setBlocked } from './changes/blocking.ts';
import { describeClerk } from './readers/describe.ts';

export default defineAction({
  name: 'clerk.unblock-identifiers',
  title: 'Take identifiers off the blocklist',
  description:
    "Takes e-mail addresses, domains, phone numbers and web3 wallets off the instance's blocklist, one request each. The undo " +
    'puts them back, as new rows.',
  effect: 'change',
  idempotent: true,
  isUndoable: true,
  input: {
    type: 'object',
    properties: { identifiers: IDENTIFIERS },
    required: ['identifiers'],
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      unblocked: { type: 'integer', description: 'Taken off the list by this step, over all attempts' },
      notBlocked: { type: 'integer', description: 'Not on the list before' },
      failed: { type: 'array', items: { type: 'string' }, description: 'Refused by Clerk' },
    },
    required: ['unblocked', 'notBlocked', 'failed'],
    additionalProperties: false,
  },
  secrets: CLERK_SECRETS,
  env: CLERK_ENV,
  describe: describeClerk,
  async run({ identifiers }, ctx) {
    const undo = { uses: 'clerk.block-identifiers', each: 'identifiers' };
    const { done, already, failed } = await setBlocked(identifiers, ctx, { blocked: false, verb: 'unblock', undo });
    return { unblocked: done, notBlocked: already, failed };
  },
});
