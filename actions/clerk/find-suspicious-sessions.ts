import { type ActionContext, defineAction, messageOf, PermanentFailure } from '../../engine/action.ts';
import { CLERK_CONCURRENCY, CLERK_ENV, CLERK_SECRETS, type ClerkClient, clerkClient } from './client.ts';
import { mapConcurrent } from './concurrency.ts';
import { describeClerk } from './describe.ts';
import { type Criteria, hasCriteria, isJudgeable, type Judge, judgeBy } from './evidence.ts';
import { distinct, USERS } from './schemas.ts';
import { type ClerkSession, isOpen, isoTime, listSessions } from './sessions.ts';
import { type Finding, summarize } from './summary.ts';
import { countUsers, walkUsers } from './users.ts';

const WINDOW_S = 10;

export default defineAction({
  name: 'clerk.find-suspicious-sessions',
  title: 'Find suspicious sessions',
  description: [
    'Looks through sessions for signs of an intruder. Clerk keeps only the latest activity of each session, so this is',
    'a list to look over, not a proof.',
    '- `users` and no criteria: these users are taken as compromised; all of them are listed, with their open sessions.',
    '- `countries`, `cities` (where sessions are expected) or `ips` (known to be bad): sessions that break one of them.',
    '- neither: users active in two countries within one hour. VPNs and shared accounts look the same.',
    'Open sessions are judged; with `activeSince` also those that ended since then. A session whose place Clerk does',
    'not know cannot be judged by it: `examined.notJudgeable` says how many there are.',
    'Without `users` it walks through all users (or all active since then): one request a user.',
  ].join('\n'),
  effect: 'read',
  idempotent: true,
  input: {
    type: 'object',
    properties: {
      users: { ...USERS, description: 'Look only at these; empty or absent: all users' },
      countries: {
        type: 'array',
        items: { type: 'string', minLength: 1 },
        description: 'Expected countries, as name or two-letter code',
      },
      cities: { type: 'array', items: { type: 'string', minLength: 1 }, description: 'Expected cities' },
      ips: { type: 'array', items: { type: 'string', minLength: 1 }, description: 'Bad IP addresses or CIDR ranges' },
      activeSince: { type: 'string', format: 'date-time', description: 'Only sessions active since then' },
    },
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      users: { type: 'array', items: { type: 'string' }, description: 'Ids of the users concerned, sorted' },
      sessions: {
        type: 'array',
        description: 'The evidence',
        items: {
          type: 'object',
          properties: {
            id: { type: 'string' },
            user: { type: 'string' },
            status: { type: 'string' },
            country: { type: 'string' },
            city: { type: 'string' },
            ip: { type: 'string' },
            lastActiveAt: { type: 'string', format: 'date-time' },
            reason: { type: 'string' },
          },
          required: ['id', 'user', 'status', 'reason'],
          additionalProperties: false,
        },
      },
      summary: { type: 'string', description: 'For a person to read: a line an account, the first 40 of them' },
      examined: {
        type: 'object',
        properties: {
          users: { type: 'integer' },
          sessions: { type: 'integer' },
          notJudgeable: { type: 'integer', description: 'Sessions of which Clerk knows nothing to judge by' },
        },
        required: ['users', 'sessions', 'notJudgeable'],
        additionalProperties: false,
      },
    },
    required: ['users', 'sessions', 'summary', 'examined'],
    additionalProperties: false,
  },
  secrets: CLERK_SECRETS,
  env: CLERK_ENV,
  describe: describeClerk,
  async run(input, ctx) {
    const named = distinct(input.users ?? []);
    const criteria = { countries: input.countries ?? [], cities: input.cities ?? [], ips: input.ips ?? [] };
    const search: Search = {
      criteria,
      judge: named.length > 0 && !hasCriteria(criteria) ? everyOpenSession : await judgeOrRefuse(criteria),
      activeSince: input.activeSince === undefined ? undefined : Date.parse(input.activeSince),
    };
    const client = await clerkClient(ctx);
    const tally: Tally = { users: new Set(), sessions: [], examined: { users: 0, sessions: 0, notJudgeable: 0 } };
    if (named.length > 0) {
      announce(ctx, client, named.length, named.length);
      await examine(client, ctx, named, search, tally, named.length);
      // Named as compromised: to be contained even with no session open at this moment.
      if (search.judge === everyOpenSession) for (const id of named) tally.users.add(id);
    } else {
      const total = await countUsers(client, search.activeSince);
      announce(ctx, client, total, total + Math.ceil(total / 500) + 1);
      for await (const page of walkUsers(client, search.activeSince)) {
        await examine(
          client,
          ctx,
          page.map((user) => user.id),
          search,
          tally,
          total,
        );
      }
    }
    if (tally.examined.notJudgeable > 0) {
      ctx.log(`${tally.examined.notJudgeable} of ${tally.examined.sessions} sessions hold nothing to judge them by`);
    }
    const users = [...tally.users].sort();
    return { users, sessions: tally.sessions, summary: summarize(users, tally.sessions), examined: tally.examined };
  },
});

interface Search {
  readonly criteria: Criteria;
  readonly judge: Judge;
  readonly activeSince: number | undefined;
}

interface Tally {
  readonly users: Set<string>;
  readonly sessions: Finding[];
  readonly examined: { users: number; sessions: number; notJudgeable: number };
}

async function judgeOrRefuse(criteria: Criteria): Promise<Judge> {
  try {
    return await judgeBy(criteria);
  } catch (error) {
    throw new PermanentFailure(messageOf(error), { cause: error });
  }
}

const everyOpenSession: Judge = (sessions) =>
  new Map(sessions.filter(isOpen).map((session) => [session.id, 'open session of a named user']));

function announce(ctx: ActionContext, client: ClerkClient, users: number, requests: number): void {
  const perWindow = client.limiter.allowance;
  // The first window's requests leave at once.
  const seconds = Math.floor(requests / perWindow) * WINDOW_S;
  const time = seconds === 0 ? 'a few seconds' : `at least ${seconds} s`;
  ctx.log(`${users} users: about ${requests} requests, ${time} at ${perWindow} requests per ${WINDOW_S} s`);
}

async function examine(
  client: ClerkClient,
  ctx: ActionContext,
  users: readonly string[],
  search: Search,
  tally: Tally,
  total: number,
): Promise<void> {
  const lists = await mapConcurrent(users, CLERK_CONCURRENCY, async (user) => {
    const sessions = (await listSessions(client, user)).filter((session) => isInScope(session, search.activeSince));
    tally.examined.users++;
    ctx.progress(tally.examined.users, total, 'users');
    return sessions;
  });
  for (const sessions of lists) {
    const reasons = search.judge(sessions);
    tally.examined.sessions += sessions.length;
    for (const session of sessions) {
      const reason = reasons.get(session.id);
      if (reason !== undefined) {
        tally.users.add(session.userId);
        tally.sessions.push(toFinding(session, reason));
      } else if (!isJudgeable(session, search.criteria)) tally.examined.notJudgeable++;
    }
  }
}

function isInScope(session: ClerkSession, activeSince: number | undefined): boolean {
  return activeSince === undefined ? isOpen(session) : session.lastActiveAt >= activeSince;
}

function toFinding(session: ClerkSession, reason: string): Finding {
  const { id, userId: user, status, country, city, ip } = session;
  const lastActiveAt = isoTime(session.lastActiveAt);
  return {
    id,
    user,
    status,
    ...(country === undefined ? {} : { country }),
    ...(city === undefined ? {} : { city }),
    ...(ip === undefined ? {} : { ip }),
    ...(lastActiveAt === undefined ? {} : { lastActiveAt }),
    reason,
  };
}
