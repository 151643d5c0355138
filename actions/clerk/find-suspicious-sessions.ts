import { type ActionContext, defineAction, messageOf, PermanentFailure } from '../../engine/action.ts';
import { CLERK_CONCURRENCY, CLERK_ENV, CLERK_SECRETS, type ClerkClient, clerkClient } from './api/client.ts';
import { mapConcurrent } from './api/concurrency.ts';
import { type ClerkSession, isOpen, isoTime, listSessions } from './api/sessions.ts';
import { countUsers, walkUsers } from './api/users.ts';
import { type Criteria, hasCriteria, type Judge, judgeBy } from './findings/evidence.ts';
import { type Finding, summarize } from './findings/summary.ts';
import { describeClerk } from './readers/describe.ts';
import { distinct, USERS } from './schemas.ts';

const WINDOW_S = 10;
const NAMED = 'open session of a named user';

export default defineAction({
  name: 'clerk.find-suspicious-sessions',
  title: 'Find suspicious sessions',
  description: [
    'Looks through sessions for signs of an intruder. Clerk keeps only the latest activity of each session, so this is',
    'a list to look over, not a proof.',
    '- `users`: these are taken as compromised; all of them are listed, with their open sessions, whatever else is given.',
    '  Criteria add to the reasons, and with `activeSince` sessions that have ended.',
    '- `countries`, `cities`, `devices` (which sessions are expected to show) or `ips`, `badDevices` (known to be bad):',
    '  sessions that break one of them; `impersonation`: sessions in which somebody else acts as the user.',
    '- `travelMinutes`: users active in two countries within that time. Clerk gives names of places and no coordinates,',
    '  so one window holds for all pairs of countries: neighbours are crossed in minutes, oceans are not. VPNs, roaming',
    '  phones and shared accounts look the same.',
    '- none of them: users active in two countries within one hour.',
    'Open sessions are judged; with `activeSince` also those that ended since then. A session whose place Clerk does',
    'not know cannot be judged by it: `examined.notJudgeable` says how many there are.',
    'Without `users` it walks through all users (or all active since then): one request a user. It says first how many',
    'requests that takes, and how long.',
  ].join('\n'),
  effect: 'read',
  idempotent: true,
  input: {
    type: 'object',
    properties: {
      users: { ...USERS, description: 'Known to be compromised; empty or absent: look through all users' },
      countries: {
        type: 'array',
        items: { type: 'string', minLength: 1 },
        description: 'Expected countries, as name or two-letter code',
      },
      cities: { type: 'array', items: { type: 'string', minLength: 1 }, description: 'Expected cities' },
      ips: { type: 'array', items: { type: 'string', minLength: 1 }, description: 'Bad IP addresses or CIDR ranges' },
      devices: {
        type: 'array',
        items: { type: 'string', minLength: 1 },
        description: 'Expected device types or browsers, as Clerk names them: `Macintosh`, `iPhone`, `Chrome`',
      },
      badDevices: {
        type: 'array',
        items: { type: 'string', minLength: 1 },
        description: 'Device types or browsers known to be bad: `HeadlessChrome`',
      },
      travelMinutes: {
        type: 'integer',
        minimum: 1,
        maximum: 1440,
        description: 'Two countries within so many minutes are suspicious; 60 if nothing else is asked for',
      },
      impersonation: {
        type: 'boolean',
        default: false,
        description: 'Sessions that somebody else began as the user (they have an actor) are suspicious',
      },
      activeSince: {
        type: 'string',
        format: 'date-time',
        description: 'Only sessions active since then, and open ones of `users`',
      },
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
            device: { type: 'string' },
            browser: { type: 'string' },
            actor: { type: 'string', description: 'Who acts as the user' },
            createdAt: { type: 'string', format: 'date-time' },
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
    const criteria: Criteria = {
      countries: input.countries ?? [],
      cities: input.cities ?? [],
      ips: input.ips ?? [],
      devices: input.devices ?? [],
      badDevices: input.badDevices ?? [],
      travelMinutes: input.travelMinutes,
      impersonation: input.impersonation ?? false,
    };
    const search: Search = {
      judge: await judgeFor(named, criteria),
      isNamed: named.length > 0,
      activeSince: input.activeSince === undefined ? undefined : Date.parse(input.activeSince),
    };
    const client = await clerkClient(ctx);
    const tally: Tally = { users: new Set(), sessions: [], examined: { users: 0, sessions: 0, notJudgeable: 0 } };
    if (named.length > 0) {
      announce(ctx, client, named.length, named.length);
      await examine(client, ctx, named, search, tally, named.length);
      // Named as compromised: to be contained even with no session open at this moment.
      for (const id of named) tally.users.add(id);
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
  readonly judge: Judge;
  readonly isNamed: boolean;
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

/** Of a named user every open session is to be dealt with: criteria only say more of it. */
async function judgeFor(named: readonly string[], criteria: Criteria): Promise<Judge> {
  if (named.length === 0) return await judgeOrRefuse(criteria);
  const further = hasCriteria(criteria) ? await judgeOrRefuse(criteria) : undefined;
  return {
    judge: (sessions) => {
      const found = further?.judge(sessions) ?? new Map<string, string>();
      return new Map(
        sessions.flatMap((session): [string, string][] => {
          const reasons = [isOpen(session) ? NAMED : undefined, found.get(session.id)].filter(
            (reason) => reason !== undefined,
          );
          return reasons.length === 0 ? [] : [[session.id, reasons.join('; ')]];
        }),
      );
    },
    isJudgeable: (session) => further?.isJudgeable(session) ?? true,
  };
}

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
    const sessions = (await listSessions(client, user)).filter((session) => isInScope(session, search));
    tally.examined.users++;
    ctx.progress(tally.examined.users, total, 'users');
    return sessions;
  });
  for (const sessions of lists) {
    const reasons = search.judge.judge(sessions);
    tally.examined.sessions += sessions.length;
    for (const session of sessions) {
      const reason = reasons.get(session.id);
      if (reason !== undefined) {
        tally.users.add(session.userId);
        tally.sessions.push(toFinding(session, reason));
      }
      if (!search.judge.isJudgeable(session)) tally.examined.notJudgeable++;
    }
  }
}

function isInScope(session: ClerkSession, { activeSince, isNamed }: Search): boolean {
  if (activeSince === undefined || (isNamed && isOpen(session))) return isOpen(session);
  return session.lastActiveAt >= activeSince;
}

function toFinding(session: ClerkSession, reason: string): Finding {
  const { id, userId: user, status, country, city, ip, device, browser, actor } = session;
  const createdAt = isoTime(session.createdAt);
  const lastActiveAt = isoTime(session.lastActiveAt);
  return {
    id,
    user,
    status,
    ...(country === undefined ? {} : { country }),
    ...(city === undefined ? {} : { city }),
    ...(ip === undefined ? {} : { ip }),
    ...(device === undefined ? {} : { device }),
    ...(browser === undefined ? {} : { browser }),
    ...(actor === undefined ? {} : { actor }),
    ...(createdAt === undefined ? {} : { createdAt }),
    ...(lastActiveAt === undefined ? {} : { lastActiveAt }),
    reason,
  };
}
