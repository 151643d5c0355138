import { type ActionContext, defineAction } from '../../engine/action.ts';
import { CLERK_ENV, CLERK_SECRETS, clerkClient } from './api/client.ts';
import { API_STATES, type ApiState, type Judgement, judgeTries, KEY_STATES } from './api-probe/judge.ts';
import { isKeySet, TRY_FAILURES, type Try, tryOnce } from './api-probe/try.ts';

const DEFAULT_API_URL = 'https://api.clerk.com';
const DEFAULT_TRIES = 5;
const DEFAULT_PAUSE_MS = 500;
const DEFAULT_TIMEOUT_MS = 5000;
/** The seed's, for the very same call: `getUserList > 500`. */
const DEFAULT_SLOW_MS = 500;
/** Anything else has been cut or pasted wrongly, and might not even fit into a header. */
const KEY_FORM = /^sk_(live|test)_[\w=-]+$/;

const FAILURES = {
  type: 'object',
  propertyNames: { enum: TRY_FAILURES },
  additionalProperties: { type: 'integer', minimum: 1 },
} as const;

export default defineAction({
  name: 'clerk.probe-api',
  title: "Probe Clerk's API",
  description: [
    "The second witness beside the status page: asks Clerk's Backend API itself, several times, timed. Nothing that it finds is an",
    'error: `state` says it.',
    '- `up`, `slow` (the median is over `slowMs`, or a quarter of the tries failed), `down` (half of them failed: 5xx, no answer in',
    '  time, connections that broke off);',
    '- `refused`: Clerk answers and refuses, which is no outage: see `key`; `limited`: 429, something uses our limit up;',
    '- `unreachable`: no name, no connection, no trust in the certificate, or somebody else answers (a proxy): that may be the',
    'network here, so ask another address too.',
    'Asked are GET /users with limit 1, which needs a key that holds and reads the store that signing in reads, and GET /jwks, which',
    "is not limited: what servers verify tokens with. That people's browsers reach the Frontend API is not asked.",
  ].join('\n'),
  effect: 'read',
  idempotent: true,
  input: {
    type: 'object',
    properties: {
      tries: {
        type: 'integer',
        minimum: 1,
        maximum: 20,
        description: `Of each of both calls; ${DEFAULT_TRIES} if absent. A plan makes one`,
      },
      pauseMs: {
        type: 'integer',
        minimum: 0,
        maximum: 60_000,
        description: `Between tries; ${DEFAULT_PAUSE_MS} if absent`,
      },
      timeoutMs: {
        type: 'integer',
        minimum: 100,
        maximum: 30_000,
        description: `Of one request; ${DEFAULT_TIMEOUT_MS} if absent`,
      },
      slowMs: {
        type: 'integer',
        minimum: 1,
        description: `A median above this is slow; ${DEFAULT_SLOW_MS} if absent`,
      },
    },
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      ok: { type: 'boolean', description: '`state` is up, and the key set is there' },
      state: { type: 'string', enum: API_STATES },
      key: {
        type: 'string',
        enum: KEY_STATES,
        description: 'CLERK_SECRET_KEY of this run, not the one of the app. `unknown`: Clerk did not say',
      },
      tries: { type: 'integer' },
      failures: { ...FAILURES, description: 'Of GET /users, how many tries ended so; none are left out' },
      p50Ms: { type: 'integer', description: 'Of tries of GET /users that went well' },
      maxMs: { type: 'integer' },
      jwks: {
        type: 'object',
        properties: {
          ok: { type: 'boolean', description: 'More than half of the tries gave a key set' },
          failures: FAILURES,
          p50Ms: { type: 'integer' },
          maxMs: { type: 'integer' },
        },
        required: ['ok', 'failures'],
        additionalProperties: false,
      },
      host: { type: 'string', description: 'Whom it asked' },
      lastError: {
        type: 'string',
        description: 'Of the last try that failed, with code and trace where Clerk gave them',
      },
      summary: { type: 'string', description: 'For a person to read' },
    },
    required: ['ok', 'state', 'key', 'tries', 'failures', 'jwks', 'host', 'summary'],
    additionalProperties: false,
  },
  secrets: CLERK_SECRETS,
  env: CLERK_ENV,
  async run(input, ctx) {
    const { pauseMs = DEFAULT_PAUSE_MS, timeoutMs = DEFAULT_TIMEOUT_MS, slowMs = DEFAULT_SLOW_MS } = input;
    const wanted = ctx.planning ? 1 : (input.tries ?? DEFAULT_TRIES);
    const probe = await prepare(ctx, timeoutMs);
    const users: Try[] = [];
    const keySets: Try[] = [];
    for (let n = 0; n < wanted; n++) {
      if (n > 0) await ctx.sleep(pauseMs);
      keySets.push(await probe.keySet());
      // After a 429 Clerk refuses every further request until Retry-After has passed: they would tell nothing new.
      if (probe.users !== undefined && users.at(-1)?.failure !== 'limited') users.push(await probe.users());
      ctx.progress(n + 1, wanted, 'tries');
    }
    const judged = judgeTries(users, { slowMs, isSent: probe.users !== undefined });
    const jwks = judgeKeySets(keySets);
    const lastError = [...users, ...keySets].findLast(({ text }) => text !== undefined)?.text;
    return {
      ok: judged.state === 'up' && jwks.ok,
      ...judged,
      failures: { ...judged.failures },
      tries: wanted,
      jwks,
      host: probe.host,
      ...(lastError === undefined ? {} : { lastError }),
      summary: summaryOf({ ...judged, jwks, tries: users.length, lastError }),
    };
  },
});

interface Probe {
  readonly host: string;
  readonly keySet: () => Promise<Try>;
  /** undefined: the key has a form that no key has, and is not sent. */
  readonly users: (() => Promise<Try>) | undefined;
}

async function prepare(ctx: ActionContext, timeoutMs: number): Promise<Probe> {
  const base = (ctx.env.CLERK_API_URL || DEFAULT_API_URL).replace(/\/+$/, '');
  const key = await ctx.secret('CLERK_SECRET_KEY');
  const hasForm = KEY_FORM.test(key);
  const headers = hasForm ? { Authorization: `Bearer ${key}` } : {};
  const keySet = { call: 'GET /jwks', url: `${base}/v1/jwks`, headers, timeoutMs, isExpected: isKeySet };
  const list = { call: 'GET /users', url: `${base}/v1/users?limit=1`, headers, timeoutMs, isExpected: Array.isArray };
  const host = URL.parse(base)?.host ?? base;
  if (!hasForm) return { host, keySet: () => tryOnce(ctx, keySet), users: undefined };
  const { limiter } = await clerkClient(ctx);
  return {
    host,
    keySet: () => tryOnce(ctx, keySet),
    users: async () => {
      // Outside of what is measured.
      const ticket = await limiter.take(ctx);
      const tried = await tryOnce(ctx, list);
      if (tried.failure === 'limited') limiter.refuse(ticket, ctx.now(), tried.retryAfterMs);
      return tried;
    },
  };
}

function judgeKeySets(tries: readonly Try[]) {
  const { failures, p50Ms, maxMs } = judgeTries(tries, { slowMs: Number.POSITIVE_INFINITY, isSent: true });
  const good = tries.filter(({ failure }) => failure === undefined).length;
  return {
    ok: good * 2 > tries.length,
    failures: { ...failures },
    ...(p50Ms === undefined ? {} : { p50Ms }),
    ...(maxMs === undefined ? {} : { maxMs }),
  };
}

const STATE_WORDS: { readonly [state in ApiState]: string } = {
  up: 'up',
  slow: 'slow',
  down: 'down',
  refused: 'up, and refuses our requests',
  limited: 'up, and refuses our requests: over the rate limit',
  unreachable: 'not reachable from here',
};

interface Told extends Judgement {
  readonly jwks: ReturnType<typeof judgeKeySets>;
  readonly tries: number;
  readonly lastError: string | undefined;
}

function summaryOf({ state, key, failures, p50Ms, jwks, tries, lastError }: Told): string {
  const failed = Object.entries(failures).map(([name, count]) => `${count} ${name}`);
  const parts = [
    `Clerk's API is ${STATE_WORDS[state]}`,
    ...(tries === 0 ? ['CLERK_SECRET_KEY has not the form of a secret key, so it was not sent'] : []),
    ...(key === 'invalid' && tries > 0 ? ['it refuses CLERK_SECRET_KEY'] : []),
    ...(p50Ms === undefined ? [] : [`median ${p50Ms} ms`]),
    ...(failed.length === 0 ? [] : [`of ${tries} tries failed: ${failed.join(', ')}`]),
    `the key set ${jwks.ok ? `is there${jwks.p50Ms === undefined ? '' : ` (median ${jwks.p50Ms} ms)`}` : 'is not'}`,
    ...(lastError === undefined ? [] : [lastError]),
  ];
  return parts.join('; ');
}
