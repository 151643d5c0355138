import { type ActionContext, defineAction, type Json, messageOf, PermanentFailure } from '../../engine/action.ts';
import { sendAsChange } from './as-change.ts';
import { type Answer, type ExchangeOptions, exchange } from './exchange.ts';
import { DEFAULT_KEY_HEADER, stepIdempotencyKey } from './idempotency-key.ts';
import { type Method, type PreparedRequest, prepareRequest } from './prepare.ts';
import { EXPECTED_STATUS_SCHEMA } from './status.ts';

/** The longest the gate lets a request take. */
const MAX_TIMEOUT_MS = 30_000;
const DEFAULT_MAX_BODY_BYTES = 1_048_576;
/** Kept of every answer; others only where the step names them, since headers may hold secrets (set-cookie). */
const KEPT_HEADERS = ['content-type', 'etag', 'location', 'retry-after'];
/** Nothing was sent (a plan), or what was answered is not known (a person said that it was done). */
const NO_ANSWER = { status: 0, value: null, headers: {}, isTruncated: false, durationMs: 0 };

const SCALAR_TYPES = ['string', 'number', 'boolean'] as const;

export default defineAction({
  name: 'http.request',
  title: 'Send an HTTP request',
  description: [
    'Sends one request and fails where its status is not as expected. The step says with `effect` whether it only reads.',
    "A request that changes something is one change of the step's `target`: a 4xx, or a connection that was never made,",
    'is known to have done nothing; a lost answer or a 5xx leaves it unknown. An unknown one is sent again (by `retry` or',
    'after a crash) only where that does no harm: PUT, DELETE, an idempotency key, or `idempotent: true`. Any other is put',
    'before a person. Redirects of GET and HEAD are followed, hop by hop; of any other method the 3xx is the answer.',
    'It is taken back by the `undo` of its step.',
  ].join('\n'),
  effect: 'playbook',
  idempotent: false,
  reads: [
    {
      method: 'POST',
      path: '/',
      reason: 'Only in a step with effect: read that says in `reading` why its POST changes nothing',
    },
  ],
  input: {
    type: 'object',
    properties: {
      url: {
        type: 'string',
        pattern: '^https?://',
        description: 'Address, http or https, without a name or password in it: those belong in a header',
      },
      method: {
        type: 'string',
        enum: ['GET', 'HEAD', 'OPTIONS', 'POST', 'PUT', 'PATCH', 'DELETE'],
        default: 'GET',
        description: 'With effect: read only GET, HEAD, OPTIONS, or a POST with `reading`',
      },
      query: {
        type: 'object',
        additionalProperties: {
          type: [...SCALAR_TYPES, 'array'],
          items: { type: [...SCALAR_TYPES] },
        },
        description: 'Added to the address, encoded; a list repeats its name',
        examples: [{ limit: 10, tag: ['a', 'b'] }],
      },
      headers: {
        type: 'object',
        additionalProperties: { type: 'string' },
        description: 'Headers to send; secrets may stand here',
        examples: [{ authorization: 'Bearer ${{ secrets.API_TOKEN }}' }],
      },
      json: { description: 'Body, any value, sent as JSON; not together with `text`' },
      text: {
        type: 'string',
        description: 'Body, sent as it is (text/plain unless a content-type header says otherwise)',
      },
      expectStatus: EXPECTED_STATUS_SCHEMA,
      timeoutMs: {
        type: 'integer',
        minimum: 1,
        maximum: MAX_TIMEOUT_MS,
        description: `How long to wait for the whole answer; ${MAX_TIMEOUT_MS} if absent, which is the most`,
      },
      parse: {
        type: 'string',
        enum: ['text', 'json', 'none'],
        default: 'text',
        description: 'What `value` is made of; with none the body is not read',
      },
      maxBodyBytes: {
        type: 'integer',
        minimum: 1,
        maximum: 16_777_216,
        description: `Read of the body; ${DEFAULT_MAX_BODY_BYTES} if absent. Text is cut there, JSON that was cut is an error`,
      },
      keepHeaders: {
        type: 'array',
        items: { type: 'string', minLength: 1 },
        description: `Headers of the answer to keep beside ${KEPT_HEADERS.join(', ')}`,
      },
      idempotencyKey: {
        type: 'object',
        properties: {
          header: { type: 'string', minLength: 1, description: `Name of the header; ${DEFAULT_KEY_HEADER} if absent` },
          value: {
            type: 'string',
            minLength: 1,
            description:
              'The key; if absent one made from run, step, round of `until` and what is sent, the same in each attempt',
          },
        },
        additionalProperties: false,
        description: 'A header by which the server knows a request it has already taken, so that it may be sent again',
        examples: [{}],
      },
      idempotent: {
        type: 'boolean',
        description:
          'May it be sent again where its answer was lost? If absent: yes for PUT and DELETE and with an idempotency key',
      },
      reading: {
        type: 'string',
        minLength: 1,
        description: 'Why a POST of a step with effect: read changes nothing (a search, a GraphQL query)',
      },
    },
    required: ['url'],
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      status: { type: 'integer', description: '0: not known (a plan, or a person said that it was done)' },
      value: { description: 'The body as `parse` says: text or JSON; null with none, or where there was no body' },
      headers: {
        type: 'object',
        additionalProperties: { type: 'string' },
        description: 'Those that were kept, by their names in lower case',
      },
      isTruncated: { type: 'boolean', description: 'The body was longer than maxBodyBytes' },
      durationMs: { type: 'integer' },
    },
    required: ['status', 'value', 'headers', 'isTruncated', 'durationMs'],
    additionalProperties: false,
  },
  async run(input, ctx) {
    const key = input.idempotencyKey;
    const header = key && {
      [key.header ?? DEFAULT_KEY_HEADER]: key.value ?? stepIdempotencyKey(ctx.run, prepareRequest(input)),
    };
    const request = prepareRequest({ ...input, headers: { ...input.headers, ...header } });
    const parse = input.parse ?? 'text';
    const options: ExchangeOptions = {
      expectStatus: input.expectStatus,
      timeoutMs: input.timeoutMs ?? MAX_TIMEOUT_MS,
      maxBodyBytes: parse === 'none' ? 0 : (input.maxBodyBytes ?? DEFAULT_MAX_BODY_BYTES),
      keepHeaders: [...KEPT_HEADERS, ...(input.keepHeaders ?? [])],
    };
    assertEffect(ctx, request, input.reading);
    if (ctx.effect === 'read') return toOutput(await read(ctx, request, options), parse, request);
    const isIdempotent = input.idempotent ?? (isRepeatable(request.method) || key !== undefined);
    const sent = await sendAsChange(ctx, request, { ...options, isIdempotent });
    return sent.kind === 'answered' ? toOutput(sent.answer, parse, request) : NO_ANSWER;
  },
});

/** RFC 9110 9.2.2. A GET of a step that says it changes something is not taken at the standard's word. */
function isRepeatable(method: Method): boolean {
  return method === 'PUT' || method === 'DELETE';
}

/** The method must be what the step says of it. */
function assertEffect(ctx: ActionContext, { method, line }: PreparedRequest, reading: string | undefined): void {
  const isSafe = method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
  if (reading !== undefined && (ctx.effect !== 'read' || method !== 'POST')) {
    throw new PermanentFailure(`${line}: \`reading\` is for a POST of a step with effect: read`);
  }
  if (ctx.effect !== 'read' || isSafe || reading !== undefined) return;
  const hint = method === 'POST' ? ', or, where it only reads, the reason why in `reading`' : '';
  throw new PermanentFailure(`${line} is no read: give the step effect: change and a target${hint}`);
}

async function read(ctx: ActionContext, request: PreparedRequest, options: ExchangeOptions): Promise<Answer> {
  try {
    return await exchange(ctx, request, options);
  } catch (thrown) {
    // A pause or a lost lease is no finding about the other side.
    ctx.signal.throwIfAborted();
    throw thrown;
  }
}

function toOutput({ text, ...answer }: Answer, parse: 'text' | 'json' | 'none', { line }: PreparedRequest) {
  return { ...answer, headers: { ...answer.headers }, value: parsed(text, answer.isTruncated, parse, line) };
}

function parsed(text: string, isTruncated: boolean, parse: 'text' | 'json' | 'none', line: string): Json {
  if (parse === 'none') return null;
  if (parse === 'text') return text;
  if (isTruncated) throw new PermanentFailure(`${line} answered more than maxBodyBytes: the JSON was cut`);
  if (text === '') return null;
  try {
    // JSON.parse gives JSON.
    return JSON.parse(text) as Json;
  } catch (error) {
    throw new PermanentFailure(`${line} did not answer with JSON: ${messageOf(error)}`, { cause: error });
  }
}
