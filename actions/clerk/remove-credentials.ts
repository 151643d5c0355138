import { type ActionContext, defineAction } from '../../engine/action.ts';
import { CLERK_ENV, CLERK_SECRETS, type ClerkClient, clerkClient } from './api/client.ts';
import {
  CREDENTIAL_KINDS,
  type CredentialKind,
  ownedId,
  readCredentials,
  readOwnedId,
  type UserCredentials,
} from './api/user-credentials.ts';
import type { Counts } from './changes/outcomes.ts';
import { removeEach } from './changes/removing.ts';
import { leavesNothing } from './findings/added-credentials.ts';
import { describeClerk } from './readers/describe.ts';
import { distinct } from './schemas.ts';

interface Item {
  readonly user: string;
  readonly kind: CredentialKind;
  readonly id: string;
}

export default defineAction({
  name: 'clerk.remove-credentials',
  title: 'Remove credentials',
  description:
    'Deletes e-mail addresses, phone numbers, external accounts, passkeys and web3 wallets of users, one request each, as ' +
    'clerk.find-added-credentials lists them. What is primary, and what would leave a user with nothing to be found by, stays ' +
    'unless asked for. Nothing of it can be brought back: the owner adds it anew. Removing a passkey e-mails the user.',
  effect: 'destructive',
  idempotent: true,
  input: {
    type: 'object',
    properties: {
      items: {
        type: 'array',
        description: 'What to remove, as clerk.find-added-credentials gives it',
        items: {
          type: 'object',
          properties: {
            user: { type: 'string', pattern: '^user_\\w+$', description: 'Clerk id of the user' },
            kind: { type: 'string', enum: CREDENTIAL_KINDS, description: 'What it is' },
            id: { type: 'string', pattern: '^\\w+$', description: 'Clerk id of the credential' },
            value: { type: 'string', description: 'Not looked at' },
            isPrimary: { type: 'boolean', description: 'Not looked at: it is read anew' },
            isVerified: { type: 'boolean', description: 'Not looked at' },
            evidence: { type: 'string', description: 'Not looked at' },
          },
          required: ['user', 'kind', 'id'],
          additionalProperties: false,
        },
      },
      includePrimary: {
        type: 'boolean',
        description: 'Also primary ones, and the last that a user is found by',
        default: false,
      },
    },
    required: ['items'],
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      removed: { type: 'integer', description: 'Removed by this step, over all attempts' },
      alreadyGone: { type: 'integer', description: 'Not there any more' },
      kept: {
        type: 'array',
        items: { type: 'string' },
        description: 'Left, as <user id>/<id>: primary, or the last that the user is found by',
      },
      failed: { type: 'array', items: { type: 'string' }, description: 'Refused by Clerk, as <user id>/<id>' },
      unknown: { type: 'array', items: { type: 'string' }, description: 'Users whom Clerk does not know' },
    },
    required: ['removed', 'alreadyGone', 'kept', 'failed', 'unknown'],
    additionalProperties: false,
  },
  secrets: CLERK_SECRETS,
  env: CLERK_ENV,
  describe: describeClerk,
  async run({ items, includePrimary }, ctx) {
    const client = await clerkClient(ctx);
    const owners = distinct(items.map(({ user }) => user));
    const allowed = new Set(await ctx.expect({ kind: 'user', ids: owners, verb: 'remove credentials of' }));
    const users = await readCredentials(client, owners);
    const kept = includePrimary ? new Set<string>() : keptOf(users, items);
    const wanted = items.filter(({ user, id }) => allowed.has(user) && users.has(user) && !kept.has(ownedId(user, id)));
    let [removed, alreadyGone] = [0, 0];
    const failed: string[] = [];
    for (const kind of CREDENTIAL_KINDS) {
      const ofKind = wanted.filter((item) => item.kind === kind);
      const counts = await removeKind(ctx, client, { kind, items: ofKind, users });
      removed += counts.done;
      alreadyGone += counts.already;
      failed.push(...counts.failed);
    }
    if (kept.size > 0) ctx.log(`Left, being primary or the last that its user is found by: ${[...kept].join(', ')}`);
    return {
      removed,
      alreadyGone,
      kept: [...kept].sort(),
      failed: failed.sort(),
      unknown: owners.filter((id) => !users.has(id)).sort(),
    };
  },
});

function keptOf(users: ReadonlyMap<string, UserCredentials>, items: readonly Item[]): ReadonlySet<string> {
  const kept = new Set<string>();
  for (const user of users.values()) {
    const ids = new Set(items.flatMap((item) => (item.user === user.id ? [item.id] : [])));
    const isLast = leavesNothing(user, ids);
    for (const { id, kind, isPrimary } of user.credentials) {
      if (ids.has(id) && (isPrimary || (isLast && kind !== 'passkey'))) kept.add(ownedId(user.id, id));
    }
  }
  return kept;
}

async function removeKind(
  ctx: ActionContext,
  client: ClerkClient,
  work: {
    readonly kind: CredentialKind;
    readonly items: readonly Item[];
    readonly users: ReadonlyMap<string, UserCredentials>;
  },
): Promise<Counts> {
  const { kind, items, users } = work;
  const has = (all: ReadonlyMap<string, UserCredentials>, user: string, id: string): boolean =>
    all.get(user)?.credentials.some((one) => one.kind === kind && one.id === id) === true;
  const { path, send } = CALLS[kind];
  return await removeEach(ctx, client, {
    kind,
    verb: 'remove',
    after: { isThere: false },
    targets: distinct(items.map(({ user, id }) => ownedId(user, id))).map((owned) => {
      const { user, id } = partsOf(owned);
      return { id: owned, owner: { kind: 'user', id: user }, before: { isThere: has(users, user, id) } };
    }),
    call: () => `DELETE ${path}`,
    send: (owned) => send(client, partsOf(owned)),
    holds: async (owned) => {
      const { user, id } = partsOf(owned);
      const now = await readCredentials(client, [user]);
      return now.has(user) && !has(now, user, id);
    },
  });
}

function partsOf(owned: string): { readonly user: string; readonly id: string } {
  const parts = readOwnedId(owned);
  if (parts === undefined) throw new Error(`${owned} names no credential of a user`);
  return parts;
}

interface Call {
  readonly path: string;
  send(client: ClerkClient, of: { readonly user: string; readonly id: string }): Promise<unknown>;
}

const CALLS: { readonly [kind in CredentialKind]: Call } = {
  'email-address': {
    path: '/email_addresses/{id}',
    send: ({ sdk }, { id }) => sdk.emailAddresses.deleteEmailAddress(id),
  },
  'phone-number': {
    path: '/phone_numbers/{id}',
    send: ({ sdk }, { id }) => sdk.phoneNumbers.deletePhoneNumber(id),
  },
  'external-account': {
    path: '/users/{id}/external_accounts/{id}',
    send: ({ sdk }, { user, id }) => sdk.users.deleteUserExternalAccount({ userId: user, externalAccountId: id }),
  },
  passkey: {
    path: '/users/{id}/passkeys/{id}',
    send: ({ sdk }, { user, id }) => sdk.users.deleteUserPasskey({ userId: user, passkeyIdentificationId: id }),
  },
  'web3-wallet': {
    path: '/users/{id}/web3_wallets/{id}',
    send: ({ sdk }, { user, id }) => sdk.users.deleteUserWeb3Wallet({ userId: user, web3WalletIdentificationId: id }),
  },
};
