import { type ActionContext, defineAction, type Target } from '../../engine/action.ts';
import { listApiKeys, organizationsOf, revokeApiKey } from './api/api-keys.ts';
import { CLERK_CONCURRENCY, CLERK_ENV, CLERK_SECRETS, type ClerkClient, clerkClient } from './api/client.ts';
import { refusalOf } from './api/key-pages.ts';
import { listEach, type Unread } from './api/list-each.ts';
import { inBatches, revokeUntilNoneIsLeft } from './changes/revoke-until-none.ts';
import { describeClerk } from './readers/describe.ts';
import { distinct, REVOCATION_REASON, USERS } from './schemas.ts';

export default defineAction({
  name: 'clerk.revoke-api-keys',
  title: 'Revoke API keys of users and their organizations',
  description:
    'Revokes every API key of the given users and, unless told otherwise, of the organizations they are members of: an ' +
    "intruder may have made one, and it outlives every session. An organization's keys may serve its other members too. " +
    'Lists to the end of the pages, and again until none is left. Revoked keys cannot be brought back.',
  effect: 'destructive',
  idempotent: true,
  input: {
    type: 'object',
    properties: {
      users: USERS,
      organizations: {
        type: 'array',
        description: 'Clerk ids of organizations whose keys go too',
        items: { type: 'string', pattern: '^org_\\w+$' },
        default: [],
      },
      includeOrganizations: {
        type: 'boolean',
        description: 'Also the keys of every organization that the users are members of',
        default: true,
      },
      reason: REVOCATION_REASON,
    },
    required: ['users'],
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      users: { type: 'integer', description: 'Users whose keys were listed' },
      organizations: { type: 'integer', description: 'Organizations whose keys were listed' },
      organizationsRead: {
        type: 'boolean',
        description:
          "Whether the users' organizations were read. False where that was not asked for, and where Clerk refuses it (403: " +
          'turned off, or not allowed): then keys of organizations that were not named are not looked for',
      },
      revoked: { type: 'integer', description: 'Keys that this step revoked, over all attempts' },
      alreadyRevoked: { type: 'integer', description: 'Keys that were revoked before the call arrived' },
      remaining: { type: 'integer', description: 'Keys still accepted at the end: protected or skipped on purpose' },
      unknown: {
        type: 'array',
        items: { type: 'string' },
        description: 'Users and organizations that Clerk says it does not know. It need not say so of all',
      },
    },
    required: ['users', 'organizations', 'organizationsRead', 'revoked', 'alreadyRevoked', 'remaining', 'unknown'],
    additionalProperties: false,
  },
  secrets: CLERK_SECRETS,
  env: CLERK_ENV,
  describe: describeClerk,
  async run({ users, organizations = [], includeOrganizations = true, reason = REVOCATION_REASON.default }, ctx) {
    const client = await clerkClient(ctx);
    const ids = distinct(users);
    const allowed = new Set(await ctx.expect({ kind: 'user', ids, verb: 'revoke API keys of' }));
    const members = includeOrganizations ? ids.filter((id) => allowed.has(id)) : [];
    const found = await findOrganizations(client, ctx, members);
    const theirs = distinct([...organizations, ...found.organizations]);
    for (const id of await ctx.expect({ kind: 'organization', ids: theirs, verb: 'revoke API keys of' }))
      allowed.add(id);

    const { held, unknown, revoked, alreadyRevoked } = await revokeUntilNoneIsLeft(ctx, {
      kind: 'api-key',
      noun: 'API keys',
      left: 'API keys are still accepted',
      after: { revoked: true },
      batches: [
        ...inBatches(ids.map((id): Target => ({ kind: 'user', id }))),
        ...inBatches(theirs.map((id): Target => ({ kind: 'organization', id }))),
      ],
      unread: found.unread,
      isAllowed: (owner) => allowed.has(owner.id),
      list: async (owner) => {
        const keys = await listApiKeys(client, owner.id);
        if (keys === null) return null;
        return keys.map(({ id, name, subject }) => ({
          id,
          owner,
          before: { revoked: false },
          attributes: { name, subject },
        }));
      },
      revoke: ({ id }) => revokeApiKey(client, id, reason),
    });
    if (unknown.length > 0) ctx.log(`Clerk knows no such user or organization: ${unknown.join(', ')}`);
    return {
      users: ids.length,
      organizations: theirs.length,
      organizationsRead: includeOrganizations && found.isRead,
      revoked,
      alreadyRevoked,
      remaining: held.length,
      unknown,
    };
  },
});

interface FoundOrganizations {
  readonly organizations: readonly string[];
  /** False where Clerk refused (403) to tell. */
  readonly isRead: boolean;
  /** Users whose organizations could not be read for any other reason. */
  readonly unread: readonly Unread[];
}

/**
 * Where organizations are turned off Clerk answers 403 (OpenAPI 2026-05-12, GET /users/{id}/organization_memberships): that must
 * not keep anybody from revoking the users' own keys. Where nobody was answered else, not all users are asked.
 */
async function findOrganizations(
  client: ClerkClient,
  ctx: ActionContext,
  users: readonly string[],
): Promise<FoundOrganizations> {
  let asked = 0;
  let answered = 0;
  const refused: string[] = [];
  const sources = users.map((id): Target => ({ kind: 'user', id }));
  const { read, unread, isDown } = await listEach(ctx, sources, async ({ id }) => {
    if (answered === 0 && refused.length >= CLERK_CONCURRENCY) return [];
    try {
      const organizations = await organizationsOf(client, id);
      answered++;
      return organizations;
    } catch (error) {
      if (refusalOf(error) !== 403) throw error;
      refused.push(error instanceof Error ? error.message : String(error));
      return [];
    } finally {
      asked++;
      ctx.progress(asked, users.length, 'users asked for their organizations');
    }
  });
  if (refused.length > 0) {
    ctx.log(`Organizations could not be read, so their API keys are not looked for: ${refused[0]}`);
  }
  if (isDown) ctx.log('Clerk does not answer: not all users were asked for their organizations');
  return { organizations: read.flatMap(({ list }) => list), isRead: refused.length === 0, unread };
}
