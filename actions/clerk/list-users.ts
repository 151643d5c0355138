import { defineAction } from '../../engine/action.ts';
import { CLERK_ENV, CLERK_SECRETS, type ClerkClient, clerkClient } from './api/client.ts';
import { chunksOf } from './api/concurrency.ts';
import { isoTime } from './api/sessions.ts';
import { activeSinceFilter, type ClerkUser, walkUsersWhere } from './api/users.ts';
import { describeClerk } from './readers/describe.ts';
import { distinct, USERS } from './schemas.ts';

/** GET /users: at most 100 values of a list filter. */
const VALUES_PER_REQUEST = 100;

export default defineAction({
  name: 'clerk.list-users',
  title: 'List users',
  description:
    'Lists the users that fit all filters given, oldest first, 500 a request, with a cursor: users who sign up meanwhile come ' +
    'at the end. Ends at `maxUsers`, and says in `isComplete` whether there were more. `lastActiveAfter` has the precision of ' +
    'a day, since Clerk keeps no more. `locked` is judged here: Clerk has no filter for it.',
  effect: 'read',
  idempotent: true,
  input: {
    type: 'object',
    properties: {
      ids: { ...USERS, description: 'Only these; those that Clerk does not know are left out' },
      emails: {
        type: 'array',
        maxItems: VALUES_PER_REQUEST,
        items: { type: 'string', pattern: '^[^\\s@]+@[^\\s@]+$' },
        description: 'Only users with one of these e-mail addresses',
      },
      query: {
        type: 'string',
        minLength: 1,
        description: "Clerk's own search: part of an id, name, address or number",
      },
      organization: { type: 'string', pattern: '^org_\\w+$', description: 'Only members of this organisation' },
      createdAfter: { type: 'string', format: 'date-time', description: 'Signed up then or later' },
      createdBefore: { type: 'string', format: 'date-time', description: 'Signed up before then' },
      lastActiveAfter: { type: 'string', format: 'date-time', description: 'Active on that UTC day or later' },
      banned: { type: 'boolean', description: 'Only banned users, or only those who are not' },
      locked: { type: 'boolean', description: 'Only locked users, or only those who are not' },
      maxUsers: { type: 'integer', minimum: 1, maximum: 10_000, default: 1000, description: 'No more than so many' },
    },
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      count: { type: 'integer', description: 'Users listed' },
      isComplete: { type: 'boolean', description: 'False where there were more than `maxUsers`' },
      ids: { type: 'array', items: { type: 'string' }, description: 'Their ids, oldest user first' },
      users: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            id: { type: 'string' },
            emails: { type: 'array', items: { type: 'string' } },
            banned: { type: 'boolean' },
            locked: { type: 'boolean' },
            createdAt: { type: 'string', format: 'date-time' },
            lastActiveAt: { type: 'string', format: 'date-time', description: 'A day' },
          },
          required: ['id', 'emails', 'banned', 'locked'],
          additionalProperties: false,
        },
      },
    },
    required: ['count', 'isComplete', 'ids', 'users'],
    additionalProperties: false,
  },
  secrets: CLERK_SECRETS,
  env: CLERK_ENV,
  describe: describeClerk,
  async run(input, ctx) {
    const { ids, locked, maxUsers = 1000 } = input;
    const found: ClerkUser[] = [];
    for await (const page of pagesOf(await clerkClient(ctx), filtersOf(input), ids)) {
      found.push(...page.filter((user) => locked === undefined || user.locked === locked));
      ctx.progress(Math.min(found.length, maxUsers), undefined, 'users');
      // One more than wanted, to know whether there is one. Of given ids each request knows its own alone: all are read.
      if (ids === undefined && found.length > maxUsers) break;
    }
    if (ids !== undefined) found.sort((a, b) => a.createdAt - b.createdAt);
    const users = found.slice(0, maxUsers);
    return {
      count: users.length,
      isComplete: found.length <= maxUsers,
      ids: users.map(({ id }) => id),
      users: users.map(toRow),
    };
  },
});

type Filter = readonly [string, string];

interface Filters {
  readonly emails?: readonly string[];
  readonly query?: string;
  readonly organization?: string;
  readonly createdAfter?: string;
  readonly createdBefore?: string;
  readonly lastActiveAfter?: string;
  readonly banned?: boolean;
}

function filtersOf(input: Filters): Filter[] {
  const { emails = [], query, organization, createdAfter, createdBefore, lastActiveAfter, banned } = input;
  return [
    ...distinct(emails).map((email): Filter => ['email_address', email]),
    ...(query === undefined ? [] : [['query', query] as const]),
    ...(organization === undefined ? [] : [['organization_id', organization] as const]),
    // Whether the ends of these are inside is stated nowhere: `after` is taken to be outside, as its name says.
    ...(createdAfter === undefined ? [] : [['created_at_after', String(Date.parse(createdAfter) - 1)] as const]),
    ...(createdBefore === undefined ? [] : [['created_at_before', String(Date.parse(createdBefore))] as const]),
    ...(banned === undefined ? [] : [['banned', String(banned)] as const]),
    ...activeSinceFilter(lastActiveAfter === undefined ? undefined : Date.parse(lastActiveAfter)),
  ];
}

async function* pagesOf(
  client: ClerkClient,
  filters: readonly Filter[],
  ids: readonly string[] | undefined,
): AsyncGenerator<ClerkUser[]> {
  if (ids === undefined) {
    yield* walkUsersWhere(client, filters);
    return;
  }
  for (const chunk of chunksOf(distinct(ids), VALUES_PER_REQUEST)) {
    yield* walkUsersWhere(client, [...chunk.map((id): Filter => ['user_id', id]), ...filters]);
  }
}

function toRow(user: ClerkUser): {
  id: string;
  emails: string[];
  banned: boolean;
  locked: boolean;
  createdAt?: string;
  lastActiveAt?: string;
} {
  const createdAt = isoTime(user.createdAt);
  const lastActiveAt = user.lastActiveAt === undefined ? undefined : isoTime(user.lastActiveAt);
  return {
    id: user.id,
    emails: [...user.emails],
    banned: user.banned,
    locked: user.locked,
    ...(createdAt === undefined ? {} : { createdAt }),
    ...(lastActiveAt === undefined ? {} : { lastActiveAt }),
  };
}
