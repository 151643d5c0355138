import { type ActionContext, defineAction, isJsonObject, type Json } from '../../engine/action.ts';
import { discardBody, readBounded } from './body.ts';
import { networkText } from './network.ts';
import { EXPECTED_STATUS_SCHEMA, type ExpectedStatus, expectedWords, isExpectedStatus } from './status.ts';

const DEFAULT_TIMEOUT_MS = 10_000;
/** The longest the gate lets a request take. */
const MAX_TIMEOUT_MS = 30_000;
/** Between two tries. */
const PAUSE_MS = 1000;
/** Of a body, no more than this is searched. */
const MAX_BODY_BYTES = 1_048_576;

export default defineAction({
  name: 'http.probe',
  title: 'Probe an HTTP endpoint',
  description: [
    'Asks an endpoint and reports what it answered, and how fast. An unreachable host, a 503 or a slow answer is a result',
    '(`ok: false`), not an error: judge it with `assert`, `until` or a later `when`. Redirects are not followed: a health',
    'endpoint that redirects to a sign-in page is not healthy.',
  ].join('\n'),
  effect: 'read',
  idempotent: true,
  input: {
    type: 'object',
    properties: {
      url: { type: 'string', pattern: '^https?://', description: 'What to ask' },
      method: {
        type: 'string',
        enum: ['GET', 'HEAD'],
        default: 'GET',
        description: 'HEAD asks for no body, so nothing can be expected of one',
      },
      headers: {
        type: 'object',
        additionalProperties: { type: 'string' },
        description: 'Headers to send; secrets may stand here',
      },
      expectStatus: EXPECTED_STATUS_SCHEMA,
      bodyIncludes: { type: 'string', minLength: 1, description: 'Text that the first MiB of the body must hold' },
      jsonHolds: {
        type: 'object',
        description: 'Fields that the body, as JSON, must hold with these values; others may be there too',
        examples: [{ status: 'ok', checks: { database: 'up' } }],
      },
      maxLatencyMs: {
        type: 'integer',
        minimum: 1,
        description: 'Slower than this until its headers came is not ok; of several samples the median counts',
      },
      samples: {
        type: 'integer',
        minimum: 1,
        maximum: 50,
        description: 'Ask so many times, one after another, to measure; each must be ok. 1 if absent',
      },
      timeoutMs: {
        type: 'integer',
        minimum: 1,
        maximum: MAX_TIMEOUT_MS,
        description: `For one request; ${DEFAULT_TIMEOUT_MS} if absent`,
      },
      tries: {
        type: 'integer',
        minimum: 1,
        maximum: 20,
        description: 'Start over up to so many times, a second apart, until it is ok; 1 if absent',
      },
    },
    required: ['url'],
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      ok: { type: 'boolean', description: 'Every expectation was met' },
      status: { type: 'integer', description: 'Of the last request; 0: no answer' },
      latencyMs: {
        type: 'integer',
        description: 'Until the headers came or the request failed; of several samples the median',
      },
      maxLatencyMs: { type: 'integer', description: 'Of the slowest sample' },
      error: { type: 'string', description: 'Why it is not ok' },
      attempts: { type: 'integer', description: 'How many tries it took' },
    },
    required: ['ok', 'status', 'latencyMs', 'maxLatencyMs', 'attempts'],
    additionalProperties: false,
  },
  async run(input, ctx) {
    // Its items have any form, which its type does not say.
    const expectations = { ...input, jsonHolds: input.jsonHolds as Json | undefined };
    const tries = input.tries ?? 1;
    for (let attempts = 1; ; attempts++) {
      const result = await measure(ctx, expectations);
      if (result.ok || attempts >= tries) return { ...result, attempts };
      await ctx.sleep(PAUSE_MS);
    }
  },
});

interface Expectations {
  readonly url: string;
  readonly method?: 'GET' | 'HEAD';
  readonly headers?: { readonly [name: string]: string } | undefined;
  readonly expectStatus?: ExpectedStatus | undefined;
  readonly bodyIncludes?: string | undefined;
  readonly jsonHolds?: Json | undefined;
  readonly maxLatencyMs?: number | undefined;
  readonly samples?: number | undefined;
  readonly timeoutMs?: number | undefined;
}

interface Sample {
  readonly status: number;
  readonly latencyMs: number;
  /** What is wrong with it. */
  readonly problem?: string | undefined;
}

/** One try: its samples, until one is not ok, judged together. */
async function measure(ctx: ActionContext, input: Expectations) {
  const samples: Sample[] = [];
  const wanted = input.samples ?? 1;
  let last: Sample;
  do {
    last = await ask(ctx, input);
    samples.push(last);
  } while (last.problem === undefined && samples.length < wanted);
  const latencies = samples.map((sample) => sample.latencyMs).sort((a, b) => a - b);
  const latencyMs = latencies[Math.floor((latencies.length - 1) / 2)] ?? last.latencyMs;
  const problem = last.problem ?? slowness(latencyMs, input);
  return {
    ok: problem === undefined,
    status: last.status,
    latencyMs,
    maxLatencyMs: latencies.at(-1) ?? last.latencyMs,
    ...(problem === undefined ? {} : { error: problem }),
  };
}

function slowness(latencyMs: number, { maxLatencyMs, samples = 1 }: Expectations): string | undefined {
  if (maxLatencyMs === undefined || latencyMs <= maxLatencyMs) return undefined;
  const what = samples > 1 ? `took ${latencyMs} ms (median of ${samples})` : `took ${latencyMs} ms`;
  return `${what}, expected at most ${maxLatencyMs} ms`;
}

async function ask(ctx: ActionContext, input: Expectations): Promise<Sample> {
  const timeoutMs = input.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const start = performance.now();
  const latency = (): number => Math.round(performance.now() - start);
  let status = 0;
  let latencyMs: number | undefined;
  try {
    const signal = AbortSignal.any([ctx.signal, AbortSignal.timeout(timeoutMs)]);
    const { method = 'GET', headers = {} } = input;
    const response = await ctx.fetch(input.url, { method, headers, redirect: 'manual', signal });
    latencyMs = latency();
    status = response.status;
    return { status, latencyMs, problem: await problemOf(response, input) };
  } catch (error) {
    // A pause or a lost lease is no finding about the endpoint.
    ctx.signal.throwIfAborted();
    return { status, latencyMs: latencyMs ?? latency(), problem: networkText(error, timeoutMs) };
  }
}

async function problemOf(response: Response, input: Expectations): Promise<string | undefined> {
  if (!isExpectedStatus(response.status, input.expectStatus)) {
    await discardBody(response);
    const location = response.headers.get('location');
    const where = location === null ? '' : ` to ${location}`;
    return `answered ${response.status}${where}, ${expectedWords(input.expectStatus)}`;
  }
  if (input.bodyIncludes === undefined && input.jsonHolds === undefined) {
    await discardBody(response);
    return undefined;
  }
  const { text } = await readBounded(response, MAX_BODY_BYTES);
  if (input.bodyIncludes !== undefined && !text.includes(input.bodyIncludes)) {
    return `the body does not hold "${input.bodyIncludes}"`;
  }
  return input.jsonHolds === undefined ? undefined : jsonProblem(text, input.jsonHolds);
}

function jsonProblem(text: string, wanted: Json): string | undefined {
  let body: Json;
  try {
    // JSON.parse gives JSON.
    body = JSON.parse(text) as Json;
  } catch {
    return 'the body is no JSON';
  }
  const path = differenceOf(body, wanted);
  return path === undefined ? undefined : `the body does not hold ${JSON.stringify(wanted)}: ${path} differs`;
}

/** Where a value first does not hold what is wanted: every field of an object, equal lists and values. */
function differenceOf(given: Json | undefined, wanted: Json, path = ''): string | undefined {
  const here = path === '' ? 'it' : path;
  if (isJsonObject(wanted)) {
    if (!isJsonObject(given)) return here;
    for (const [name, value] of Object.entries(wanted)) {
      const found = differenceOf(
        Object.hasOwn(given, name) ? given[name] : undefined,
        value,
        `${path === '' ? '' : `${path}.`}${name}`,
      );
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (Array.isArray(wanted)) {
    if (!Array.isArray(given) || given.length !== wanted.length) return here;
    const index = wanted.findIndex((one: Json, at) => differenceOf(given[at], one) !== undefined);
    return index === -1 ? undefined : `${path}[${index}]`;
  }
  return given === wanted ? undefined : here;
}
