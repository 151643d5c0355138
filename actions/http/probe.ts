import { defineAction, type Json, PermanentFailure } from '../../engine/action.ts';
import { assertPattern } from './bounded-pattern.ts';
import { expectsBody } from './expect-body.ts';
import { JSON_POINTER_PATTERN } from './json-pointer.ts';
import { type Measured, measure } from './measure.ts';
import { prepareRequest } from './prepare.ts';
import { PROBE_FAILURES, type SampleOptions } from './sample.ts';
import { EXPECTED_STATUS_SCHEMA } from './status.ts';
import { DEFAULT_WARN_DAYS, withCertificate } from './with-certificate.ts';

const DEFAULT_TIMEOUT_MS = 10_000;
/** The longest the gate lets a request take. */
const MAX_TIMEOUT_MS = 30_000;
/** Between two tries. */
const DEFAULT_PAUSE_MS = 1000;
/** Kept of every answer; others only where the step names them, since headers may hold secrets (set-cookie). */
const KEPT_HEADERS = ['content-type', 'location', 'retry-after'];

export default defineAction({
  name: 'http.probe',
  title: 'Probe an HTTP endpoint',
  description: [
    'Asks an endpoint and reports what it answered, and how fast. An unreachable host, a 503 or a slow answer is a result',
    '(`ok: false`, with `failure` and `error`), not an error: judge it with `assert`, `until` or a later `when`. Redirects are',
    'not followed unless `follow` says so: a health endpoint that redirects to a sign-in page is not healthy.',
    '`curl -I URL` is `{ url: URL, method: HEAD }`; with GET a health endpoint also tells why it is not well (`said`, `picked`).',
    'With `certificate`, or where TLS fails, the certificate is read over a connection of its own, on which nothing is sent.',
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
        description: 'Headers to send; secrets may stand here. A redirect to another origin gets none of them',
      },
      expectStatus: EXPECTED_STATUS_SCHEMA,
      expectHeaders: {
        type: 'object',
        additionalProperties: { type: ['string', 'null'] },
        description:
          'Headers that the answer must have: the text that the value must hold, in any case; empty text: any value; null: it must not be there',
        examples: [{ 'content-type': 'application/json', 'x-emergency-bypass': null }],
      },
      bodyIncludes: { type: 'string', minLength: 1, description: 'Text that the first MiB of the body must hold' },
      bodyMatches: {
        type: 'string',
        minLength: 1,
        description:
          'Regular expression (JavaScript, with flag u) that the first MiB of the body must match, within a quarter of a second',
        examples: ['"status":\\s*"(ok|healthy)"'],
      },
      jsonHolds: {
        type: 'object',
        description: 'Fields that the body, as JSON, must hold with these values; others may be there too',
        examples: [{ status: 'ok', checks: { database: 'up' } }],
      },
      jsonAt: {
        type: 'object',
        propertyNames: { pattern: JSON_POINTER_PATTERN },
        description: 'JSON Pointers (RFC 6901) into the body, and the value that must stand there',
        examples: [{ '/checks/0/status': 'up' }],
      },
      pick: {
        type: 'object',
        additionalProperties: { type: 'string', pattern: JSON_POINTER_PATTERN },
        description: 'Values to take out of a JSON body, by JSON Pointer, whatever the status is',
        examples: [{ clerk: '/clerk' }],
      },
      keepHeaders: {
        type: 'array',
        items: { type: 'string', minLength: 1 },
        description: `Headers of the answer to keep beside ${KEPT_HEADERS.join(', ')}`,
      },
      follow: {
        type: 'integer',
        minimum: 0,
        maximum: 10,
        description:
          'Redirects to follow; more than these, or a loop, is not ok. 0 if absent: a redirect is the answer',
      },
      leadsTo: {
        type: 'string',
        minLength: 1,
        description:
          'Where the redirect must point or, followed, where the answer must come from: an address, or a path of the same origin, without query. Not followed, a 3xx is expected then',
        examples: ['/sign-in'],
      },
      certificate: {
        type: 'object',
        properties: {
          minDays: {
            type: 'integer',
            minimum: 0,
            description: 'One that ends in fewer days is not ok; if absent only one that is not valid now',
          },
          warnDays: {
            type: 'integer',
            minimum: 0,
            description: `One that ends in fewer days is told in \`warnings\`; ${DEFAULT_WARN_DAYS} if absent`,
          },
        },
        additionalProperties: false,
        description: 'Look at the certificate of `url` too; of an http address there is none, which is a warning',
        examples: [{ minDays: 3, warnDays: 21 }],
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
        description: `For one request with its redirects; ${DEFAULT_TIMEOUT_MS} if absent`,
      },
      tries: {
        type: 'integer',
        minimum: 1,
        maximum: 20,
        description: 'Start over up to so many times until it is ok; 1 if absent',
      },
      pauseMs: {
        type: 'integer',
        minimum: 0,
        maximum: 60_000,
        description: `Between two tries; ${DEFAULT_PAUSE_MS} if absent`,
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
      failure: {
        type: 'string',
        enum: PROBE_FAILURES,
        description:
          'What was not as expected. Without an answer: dns, refused, unreachable, tls, timeout, reset, other. Of an answer: status, redirect, header, body, slow, certificate',
      },
      error: { type: 'string', description: 'Why it is not ok' },
      summary: { type: 'string', description: 'All of it in a sentence' },
      latencyMs: {
        type: 'integer',
        description: 'Until the headers came or the request failed; of several samples the median',
      },
      maxLatencyMs: { type: 'integer', description: 'Of the slowest sample' },
      attempts: { type: 'integer', description: 'How many tries it took' },
      redirects: {
        type: 'array',
        description: 'That were followed, in order; addresses without query',
        items: {
          type: 'object',
          properties: { status: { type: 'integer' }, to: { type: 'string' } },
          required: ['status', 'to'],
          additionalProperties: false,
        },
      },
      headers: {
        type: 'object',
        additionalProperties: { type: 'string' },
        description: 'Those that were kept, by their names in lower case',
      },
      picked: { type: 'object', description: 'By the names of `pick`; what is not there is left out' },
      said: { type: 'string', description: 'Where the answer is not ok: how its body begins' },
      certificate: {
        type: 'object',
        properties: {
          validTo: { type: 'string', format: 'date-time' },
          daysLeft: { type: 'integer', description: 'Negative once it is over' },
          subject: { type: 'string' },
          issuer: { type: 'string' },
          isTrusted: { type: 'boolean', description: 'By this machine, for this name, now' },
          problem: { type: 'string', description: 'Why not' },
        },
        required: ['validTo', 'daysLeft', 'subject', 'issuer', 'isTrusted'],
        additionalProperties: false,
      },
      warnings: { type: 'array', items: { type: 'string' }, description: 'What is still ok and should be looked at' },
    },
    required: [
      'ok',
      'status',
      'failure',
      'summary',
      'latencyMs',
      'maxLatencyMs',
      'attempts',
      'redirects',
      'headers',
      'picked',
      'warnings',
    ],
    additionalProperties: false,
  },
  async run(input, ctx) {
    const { line } = prepareRequest({ url: input.url, method: input.method ?? 'GET', headers: input.headers });
    if (input.bodyMatches !== undefined) assertPattern(input.bodyMatches, 'bodyMatches');
    const isRedirectWanted = input.leadsTo !== undefined && (input.follow ?? 0) === 0;
    const options: SampleOptions = {
      ...input,
      method: input.method ?? 'GET',
      headers: input.headers ?? {},
      timeoutMs: input.timeoutMs ?? DEFAULT_TIMEOUT_MS,
      follow: input.follow ?? 0,
      expectStatus: input.expectStatus ?? (isRedirectWanted ? ['3xx'] : undefined),
      expectHeaders: input.expectHeaders ?? {},
      pick: input.pick ?? {},
      keepHeaders: [...KEPT_HEADERS, ...(input.keepHeaders ?? [])],
      // Their items have any form, which their types do not say.
      jsonHolds: input.jsonHolds as Json | undefined,
      jsonAt: input.jsonAt as SampleOptions['jsonAt'],
    };
    assertFits(options, line);
    const tries = input.tries ?? 1;
    for (let attempts = 1; ; attempts++) {
      const measured = await measure(ctx, options, input);
      if (measured.failure === 'none' || attempts >= tries) {
        const certified = await withCertificate(ctx, measured, { ...input, timeoutMs: options.timeoutMs });
        const ok = certified.failure === 'none';
        return { ok, ...certified, attempts, summary: summaryOf(line, { ...certified, attempts }) };
      }
      await ctx.sleep(input.pauseMs ?? DEFAULT_PAUSE_MS);
    }
  },
});

/** @throws PermanentFailure */
function assertFits(options: SampleOptions, line: string): void {
  const wantsBody = expectsBody(options) || Object.keys(options.pick).length > 0;
  if (options.method !== 'HEAD' || !wantsBody) return;
  throw new PermanentFailure(`${line} has no body to expect or to pick anything of: use method GET`);
}

function summaryOf(
  line: string,
  result: Measured & { readonly warnings: readonly string[]; attempts: number },
): string {
  const { status, failure, error, latencyMs, redirects, warnings, attempts, said } = result;
  const hops = redirects.length === 0 ? '' : ` after ${redirects.length} redirects`;
  const tries = attempts === 1 ? '' : ` (try ${attempts})`;
  const went = failure === 'none' ? `answered ${status} in ${latencyMs} ms` : (error ?? failure);
  const quoted = said === undefined ? '' : `: ${said}`;
  const warned = warnings.length === 0 ? '' : `. ${warnings.join('. ')}`;
  return `${line} ${went}${hops}${tries}${quoted}${warned}`;
}
