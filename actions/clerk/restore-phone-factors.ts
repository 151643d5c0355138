import { defineAction } from '../../engine/action.ts';
import { CLERK_ENV, CLERK_SECRETS, clerkClient } from './api/client.ts';
import { readCredentials, readOwnedId } from './api/user-credentials.ts';
import { setPhoneFactors } from './changes/second-factors.ts';
import { describeClerk } from './readers/describe.ts';
import { distinct } from './schemas.ts';

export default defineAction({
  name: 'clerk.restore-phone-factors',
  title: 'Restore phone numbers as second factors',
  description:
    'Makes verified phone numbers of users a second factor again, one request each: what is left of undoing ' +
    'clerk.remove-mfa. Clerk refuses a number that was deleted meanwhile.',
  effect: 'change',
  idempotent: true,
  input: {
    type: 'object',
    properties: {
      phones: {
        type: 'array',
        description: 'Each as <user id>/<phone number id>',
        items: { type: 'string', pattern: '^user_\\w+/idn_\\w+$' },
      },
    },
    required: ['phones'],
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      restored: {
        type: 'integer',
        description: 'Phone numbers that this step made a second factor, over all attempts',
      },
      already: { type: 'integer', description: 'Phone numbers that were one before' },
      failed: { type: 'array', items: { type: 'string' }, description: 'What Clerk refused or does not know' },
    },
    required: ['restored', 'already', 'failed'],
    additionalProperties: false,
  },
  secrets: CLERK_SECRETS,
  env: CLERK_ENV,
  describe: describeClerk,
  async run({ phones }, ctx) {
    const client = await clerkClient(ctx);
    const owners = distinct(phones.flatMap((phone) => readOwnedId(phone)?.user ?? []));
    const users = await readCredentials(client, owners);
    const counts = await setPhoneFactors(ctx, client, { phones: distinct(phones), users, reserved: true });
    return { restored: counts.done, already: counts.already, failed: [...counts.failed] };
  },
});
