import { type ActionContext, defineAction, messageOf } from '../../engine/action.ts';

const DEFAULT_TIMEOUT_MS = 10_000;
/** Between two tries. */
const PAUSE_MS = 1000;
/** Of a body, no more than this is searched. */
const MAX_BODY_BYTES = 1_048_576;

export default defineAction({
  name: 'http.probe',
  title: 'Probe an HTTP endpoint',
  description:
    'Asks an endpoint and reports what it answered. An unreachable host or a 503 is a result (`ok: false`), not an ' +
    'error: judge it with `assert`, `until` or a later `when`. Redirects are not followed: a health endpoint that ' +
    'redirects to a sign-in page is not healthy.',
  effect: 'read',
  idempotent: true,
  input: {
    type: 'object',
    properties: {
      url: { type: 'string', pattern: '^https?://', description: 'What to ask' },
      method: { type: 'string', enum: ['GET', 'HEAD'], default: 'GET' },
      expectStatus: {
        type: 'array',
        items: { type: 'integer', minimum: 100, maximum: 599 },
        minItems: 1,
        description: 'Statuses that are ok; 200 to 299 if absent',
      },
      timeoutMs: {
        type: 'integer',
        minimum: 1,
        maximum: 120_000,
        description: `For one try; ${DEFAULT_TIMEOUT_MS} if absent`,
      },
      bodyIncludes: { type: 'string', minLength: 1, description: 'Text that the first MiB of the body must hold' },
      tries: {
        type: 'integer',
        minimum: 1,
        maximum: 20,
        description: 'Ask up to so many times until it is ok; 1 if absent',
      },
    },
    required: ['url'],
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      ok: { type: 'boolean' },
      status: { type: 'integer', description: 'Of the last try; 0: no answer' },
      latencyMs: { type: 'integer', description: 'Of the last try, until its headers came or it failed' },
      error: { type: 'string', description: 'Why it is not ok' },
      attempts: { type: 'integer' },
    },
    required: ['ok', 'status', 'latencyMs', 'attempts'],
    additionalProperties: false,
  },
  async run(input, ctx) {
    const tries = input.tries ?? 1;
    for (let attempts = 1; ; attempts++) {
      const result = await probe(ctx, input);
      if (result.ok || attempts >= tries) return { ...result, attempts };
      await ctx.sleep(PAUSE_MS);
    }
  },
});

interface Probe {
  readonly url: string;
  readonly method?: 'GET' | 'HEAD';
  readonly expectStatus?: readonly number[] | undefined;
  readonly timeoutMs?: number | undefined;
  readonly bodyIncludes?: string | undefined;
}

interface ProbeResult {
  readonly ok: boolean;
  readonly status: number;
  readonly latencyMs: number;
  readonly error?: string;
}

async function probe(ctx: ActionContext, input: Probe): Promise<ProbeResult> {
  const timeoutMs = input.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const start = performance.now();
  const latency = (): number => Math.round(performance.now() - start);
  let status = 0;
  let latencyMs: number | undefined;
  try {
    const signal = AbortSignal.any([ctx.signal, AbortSignal.timeout(timeoutMs)]);
    const response = await ctx.fetch(input.url, { method: input.method ?? 'GET', redirect: 'manual', signal });
    latencyMs = latency();
    status = response.status;
    const problem = await problemOf(response, input);
    return { ok: problem === undefined, status, latencyMs, ...(problem === undefined ? {} : { error: problem }) };
  } catch (error) {
    // A pause or a lost lease is no finding about the endpoint.
    ctx.signal.throwIfAborted();
    return { ok: false, status, latencyMs: latencyMs ?? latency(), error: networkText(error, timeoutMs) };
  }
}

async function problemOf(response: Response, input: Probe): Promise<string | undefined> {
  const isExpected = input.expectStatus === undefined ? response.ok : input.expectStatus.includes(response.status);
  if (!isExpected) {
    await response.body?.cancel();
    const expected = input.expectStatus?.join(', ') ?? '200 to 299';
    const location = response.headers.get('location');
    return `answered ${response.status}${location === null ? '' : ` to ${location}`}, expected ${expected}`;
  }
  if (input.bodyIncludes === undefined) {
    await response.body?.cancel();
    return undefined;
  }
  const body = await readBounded(response);
  return body.includes(input.bodyIncludes) ? undefined : `the body does not hold "${input.bodyIncludes}"`;
}

async function readBounded(response: Response): Promise<string> {
  const parts: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const part of response.body ?? []) {
    parts.push(part);
    sizeBytes += part.byteLength;
    // Leaving the loop cancels the stream.
    if (sizeBytes >= MAX_BODY_BYTES) break;
  }
  return Buffer.concat(parts).subarray(0, MAX_BODY_BYTES).toString('utf8');
}

/** `fetch failed` says nothing; its cause does (ECONNREFUSED, ENOTFOUND, a certificate's fault). */
function networkText(error: unknown, timeoutMs: number): string {
  if (error instanceof Error && error.name === 'TimeoutError') return `no answer within ${timeoutMs} ms`;
  const cause = error instanceof Error ? error.cause : undefined;
  if (!(cause instanceof Error)) return messageOf(error);
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  return [code, cause.message].filter((text) => text !== '').join(': ') || messageOf(error);
}
