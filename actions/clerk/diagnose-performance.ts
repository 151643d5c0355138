import { type ActionContext, defineAction } from '../../engine/action.ts';
import { CLERK_ENV, CLERK_SECRETS, type ClerkClient, clerkClient, notJson } from './api/client.ts';
import { mintToken } from './changes/session-token.ts';
import { type Samples, type Sampling, takeSamples, underLimiter } from './performance/measure.ts';
import {
  type Measure,
  measureOf,
  networkAdvice,
  type Sampled,
  summarizeMeasures,
} from './performance/performance-report.ts';
import { describeClerk } from './readers/describe.ts';

const SAMPLES = 20;
const WARM_UP = 3;
const BUDGET_S = 30;
/** The seed's: `authCheck > 100`, `getUserList > 500`. It has none for currentUser, which is a call like getUserList. */
const AUTH_THRESHOLD_MS = 100;
const API_THRESHOLD_MS = 500;
const DEFAULT_API_URL = 'https://api.clerk.com';

export default defineAction({
  name: 'clerk.diagnose-performance',
  title: 'Diagnose performance',
  description: [
    'Measures Clerk from where it runs, one call after the other after a warm-up, with percentiles, errors and a verdict:',
    '- `getUserList`: GET /users with limit 1, one request beside the SDK, whose method sends two.',
    '- `currentUser`: getUser of `user`, or of the token’s user.',
    '- `authCheck`: verifyToken without network, with CLERK_JWT_KEY, else with the key set that the SDK keeps for five',
    '  minutes. `authCheckCold`: with the key set fetched anew each time, as the first request of a new server does; the SDK',
    '  tries a failing key set five times.',
    '- `roundTrip`: GET /jwks, which Clerk answers without work: about what the network alone takes.',
    'A verdict is by the 95th percentile; over a tenth of errors is `failing`. The time in which a request waits for the',
    'rate limiter is not measured. What nothing is given for is `not-asked`, and does not count; what was asked for and could',
    'not be measured does.',
    'authCheck needs a token: `token`, or one that is minted for `session`, or for an open session of `user`. Minting is a',
    'change, recorded for the session: the token lasts about a minute and stands for the user as long. It is kept nowhere.',
    'Once it has run out nothing more is measured with it.',
    'Run it on a server of the app: from a laptop it measures the laptop’s network.',
  ].join('\n'),
  effect: 'change',
  idempotent: true,
  input: {
    type: 'object',
    properties: {
      token: { type: 'string', secret: true, minLength: 1, description: 'A session token that is valid now' },
      session: { type: 'string', pattern: '^sess_\\w+$', description: 'Session to mint a token for' },
      user: { type: 'string', pattern: '^user_\\w+$', description: 'User to read, and to mint a token for' },
      samples: { type: 'integer', minimum: 1, maximum: 500, default: SAMPLES, description: 'Samples of each measure' },
      warmUp: { type: 'integer', minimum: 0, maximum: 50, default: WARM_UP },
      secondsPerMeasure: {
        type: 'integer',
        minimum: 1,
        maximum: 300,
        default: BUDGET_S,
        description: 'No sample of a measure is begun after so long',
      },
      authThresholdMs: { type: 'number', exclusiveMinimum: 0, default: AUTH_THRESHOLD_MS },
      apiThresholdMs: { type: 'number', exclusiveMinimum: 0, default: API_THRESHOLD_MS },
    },
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      ok: { type: 'boolean', description: 'No measure is slow or failing, and all that were asked for were taken' },
      measures: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            name: { type: 'string' },
            verdict: { enum: ['ok', 'slow', 'failing', 'not-measured', 'not-asked'] },
            thresholdMs: { type: 'number' },
            samples: { type: 'integer' },
            errors: { type: 'integer' },
            p50: { type: 'number', description: 'Milliseconds, as the others' },
            p95: { type: 'number' },
            p99: { type: 'number' },
            max: { type: 'number' },
            histogram: { type: 'array', items: { type: 'string' } },
            advice: { type: 'string' },
            lastError: { type: 'string' },
          },
          required: ['name', 'verdict', 'thresholdMs', 'samples', 'errors', 'histogram'],
          additionalProperties: false,
        },
      },
      network: {
        type: 'string',
        description: 'Whether the time goes to the network or to Clerk, as far as that shows',
      },
      summary: { type: 'string', description: 'For a person to read' },
    },
    required: ['ok', 'measures', 'network', 'summary'],
    additionalProperties: false,
  },
  secrets: CLERK_SECRETS,
  env: [...CLERK_ENV, 'CLERK_JWT_KEY'],
  describe: describeClerk,
  async run(input, ctx) {
    const { authThresholdMs = AUTH_THRESHOLD_MS, apiThresholdMs = API_THRESHOLD_MS } = input;
    // A plan reads for real; one sample shows that it can.
    const sampling: Sampling = ctx.planning
      ? { samples: 1, warmUp: 0, budgetMs: 1000 }
      : {
          samples: input.samples ?? SAMPLES,
          warmUp: input.warmUp ?? WARM_UP,
          budgetMs: (input.secondsPerMeasure ?? BUDGET_S) * 1000,
        };
    const client = await clerkClient(ctx);
    const roundTrip = measureOf('roundTrip', apiThresholdMs, await sampleRoundTrip(ctx, sampling));
    const userList = measureOf('getUserList', apiThresholdMs, await sampleUserList(client, ctx, sampling));
    const token = await tokenFor(client, ctx, input, userList);
    const auth = await sampleAuth(ctx, sampling, token);
    const user = input.user ?? ('token' in token ? subjectOf(token.token) : undefined);
    const currentUser: Sampled =
      user === undefined && !('token' in token) ? token : await sampleUser(client, ctx, sampling, user);
    const measures = [
      measureOf('authCheck', authThresholdMs, auth.warm),
      measureOf('authCheckCold', authThresholdMs, auth.cold),
      userList,
      measureOf('currentUser', apiThresholdMs, currentUser),
      roundTrip,
    ];
    const network = networkAdvice(roundTrip, userList);
    const ok = measures.every(({ verdict }) => verdict === 'ok' || verdict === 'not-asked');
    return { ok, measures, network, summary: summarizeMeasures(measures, network) };
  },
});

type Token = { readonly token: string } | { readonly missing: string } | { readonly notAsked: string };

interface Wanted {
  readonly token?: string;
  readonly session?: string;
  readonly user?: string;
}

async function tokenFor(client: ClerkClient, ctx: ActionContext, wanted: Wanted, api: Measure): Promise<Token> {
  if (wanted.token !== undefined) return { token: wanted.token };
  if (wanted.session === undefined && wanted.user === undefined) {
    return { notAsked: 'give `token`, `session` or `user`' };
  }
  // A change whose answer may be lost is not begun against an API that just failed to answer.
  if (api.verdict === 'failing') return { missing: 'the API fails, so no token was asked of it' };
  return await mintToken(
    client,
    ctx,
    wanted.session === undefined ? { user: wanted.user ?? '' } : { session: wanted.session },
  );
}

async function sampleRoundTrip(ctx: ActionContext, sampling: Sampling): Promise<Samples> {
  const url = `${apiUrlOf(ctx)}/v1/jwks`;
  const headers = { Authorization: `Bearer ${await ctx.secret('CLERK_SECRET_KEY')}` };
  return await takeSamples(ctx, sampling, async () => {
    const response = await ctx.fetch(url, { headers });
    await response.arrayBuffer();
    if (!response.ok) throw new Error(`Clerk: GET /jwks answered ${response.status}`);
  });
}

async function sampleUserList(client: ClerkClient, ctx: ActionContext, sampling: Sampling): Promise<Samples> {
  const call = { name: 'GET /users', isRepeatable: true };
  const query = [['limit', '1']] as const;
  const work = () => client.request(call, { method: 'GET', path: '/users', query });
  return await takeSamples(ctx, sampling, work, underLimiter(client));
}

async function sampleUser(
  client: ClerkClient,
  ctx: ActionContext,
  sampling: Sampling,
  user: string | undefined,
): Promise<Sampled> {
  if (user === undefined) return { missing: 'the token names no user to read: give `user`' };
  const call = { name: 'GET /users/{id}', target: `user ${user}`, isRepeatable: true };
  const work = async (): Promise<void> => {
    const answer: unknown = await client.sdk.users.getUser(user);
    // The SDK returns a string, silently, for a 200 that is no JSON.
    if (typeof answer !== 'object' || answer === null) throw notJson(call);
  };
  return await takeSamples(ctx, sampling, work, underLimiter(client));
}

async function sampleAuth(
  ctx: ActionContext,
  sampling: Sampling,
  given: Token,
): Promise<{ readonly warm: Sampled; readonly cold: Sampled }> {
  if (!('token' in given)) return { warm: given, cold: given };
  const { verifyToken } = await import('@clerk/backend');
  const remote = { secretKey: await ctx.secret('CLERK_SECRET_KEY'), apiUrl: apiUrlOf(ctx) };
  const jwtKey = ctx.env.CLERK_JWT_KEY;
  const local = jwtKey === undefined || jwtKey === '' ? remote : { jwtKey };
  const endsAt = claimsOf(given.token)?.exp;
  // By the machine's own clock, as verifyToken does.
  const isOver = (): boolean => typeof endsAt === 'number' && Date.now() >= endsAt * 1000;
  // The key set is filled by the warm-up, so there is at least one.
  const warmed = { ...sampling, isOver, warmUp: Math.max(1, sampling.warmUp) };
  return {
    warm: await takeSamples(ctx, warmed, () => verifyToken(given.token, local)),
    cold: await takeSamples(ctx, { ...sampling, isOver }, () =>
      verifyToken(given.token, { ...remote, skipJwksCache: true }),
    ),
  };
}

/** Whose token it is, as it says of itself: only to know whom to read. */
function subjectOf(token: string): string | undefined {
  const subject = claimsOf(token)?.sub;
  return typeof subject === 'string' && /^user_\w+$/.test(subject) ? subject : undefined;
}

/** As the token says of itself, unproved. */
function claimsOf(token: string): { readonly sub?: unknown; readonly exp?: unknown } | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8'));
    return typeof claims === 'object' && claims !== null ? claims : undefined;
  } catch {
    return undefined;
  }
}

function apiUrlOf(ctx: ActionContext): string {
  return (ctx.env.CLERK_API_URL || DEFAULT_API_URL).replace(/\/+$/, '');
}
