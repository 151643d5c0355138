import { defineAction } from '../../engine/action.ts';
import { CLERK_ENV, CLERK_SECRETS, clerkClient } from './api/client.ts';
import { CREDENTIAL_KINDS, readCredentials } from './api/user-credentials.ts';
import { addedSince } from './findings/added-credentials.ts';
import { distinct, USERS } from './schemas.ts';

const FOUND = {
  type: 'object',
  properties: {
    user: { type: 'string' },
    kind: { type: 'string', enum: CREDENTIAL_KINDS },
    id: { type: 'string' },
    value: { type: 'string', description: 'The address, number or wallet; of a passkey its name' },
    isPrimary: { type: 'boolean', description: "The user's primary address, number or wallet" },
    isVerified: { type: 'boolean' },
    evidence: { type: 'string', description: 'Why it is listed' },
  },
  required: ['user', 'kind', 'id', 'value', 'isPrimary', 'isVerified', 'evidence'],
  additionalProperties: false,
} as const;

export default defineAction({
  name: 'clerk.find-added-credentials',
  title: 'Find credentials added since a time',
  description:
    'Lists the e-mail addresses, phone numbers, external accounts and web3 wallets that were added to the given users since ' +
    'a time: ways in that an intruder leaves behind. Of passkeys Clerk says only when they were used last: those used since ' +
    'are listed apart, for a person to judge. 100 users a request; changes nothing. clerk.remove-credentials takes the items.',
  effect: 'read',
  idempotent: true,
  input: {
    type: 'object',
    properties: {
      users: USERS,
      since: { type: 'string', format: 'date-time', description: 'When the intruder came, or a little before' },
    },
    required: ['users', 'since'],
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      items: { type: 'array', items: FOUND, description: 'Added since: their time of creation says so' },
      undated: { type: 'array', items: FOUND, description: 'Passkeys that may have been added since' },
      users: { type: 'array', items: { type: 'string' }, description: 'Users who have any of the items' },
      primary: { type: 'integer', description: 'How many of the items are primary: those are left unless asked for' },
      unknown: { type: 'array', items: { type: 'string' }, description: 'Ids that Clerk does not know' },
    },
    required: ['items', 'undated', 'users', 'primary', 'unknown'],
    additionalProperties: false,
  },
  secrets: CLERK_SECRETS,
  env: CLERK_ENV,
  async run({ users, since }, ctx) {
    const ids = distinct(users);
    const found = await readCredentials(await clerkClient(ctx), ids);
    const { items, undated } = addedSince(found.values(), Date.parse(since));
    return {
      items: [...items],
      undated: [...undated],
      users: distinct(items.map(({ user }) => user)),
      primary: items.filter(({ isPrimary }) => isPrimary).length,
      unknown: ids.filter((id) => !found.has(id)).sort(),
    };
  },
});
