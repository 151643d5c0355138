import { defineAction } from '../../engine/action.ts';
import { CLERK_ENV, CLERK_SECRETS } from './api/client.ts';
import { IDENTIFIERS, setBlocked } from './changes/blocking.ts';
import { describeClerk } from './readers/describe.ts';

export default defineAction({
  name: 'clerk.block-identifiers',
  title: 'Block identifiers',
  description:
    "Puts e-mail addresses, whole domains, phone numbers and web3 wallets on the instance's blocklist, one request each. The " +
    'list acts only while the restriction "blocklist" of the instance is on, which cannot be read: turn it on with ' +
    'clerk.restrict-instance. It ends no session, and does not touch users who have signed up. What was on the list before ' +
    'is left alone by an undo, which takes off the rows that this step put there, and no row that somebody made anew since. ' +
    '402: the plan has no blocklist.',
  effect: 'destructive',
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
      blocked: { type: 'integer', description: 'Put on the list by this step, over all attempts' },
      alreadyBlocked: { type: 'integer', description: 'On the list before' },
      failed: { type: 'array', items: { type: 'string' }, description: 'Refused by Clerk' },
      note: { type: 'string', description: 'Under what condition the list acts' },
    },
    required: ['blocked', 'alreadyBlocked', 'failed', 'note'],
    additionalProperties: false,
  },
  secrets: CLERK_SECRETS,
  env: CLERK_ENV,
  describe: describeClerk,
  async run({ identifiers }, ctx) {
    const undo = { uses: 'clerk.unblock-identifiers', each: 'identifiers' };
    const { done, already, failed } = await setBlocked(identifiers, ctx, { blocked: true, verb: 'block', undo });
    return {
      blocked: done,
      alreadyBlocked: already,
      failed,
      note: 'Acts only while the blocklist restriction of the instance is on. Clerk does not say whether it is',
    };
  },
});
