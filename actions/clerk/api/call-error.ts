// What went wrong with one call to Clerk's Backend API, however it was sent (through the SDK or beside it).
// It never holds a header or a body, so no key can leak through it.
import { ChangeRefused, isJsonObject, PermanentFailure } from '../../../engine/action.ts';

/** One call, as errors and the plan name it. */
export interface ClerkCall {
  /** `POST /sessions/{id}/revoke` */
  readonly name: string;
  /** Whom or what it is about: `session sess_…`, `50 users from user_…`. */
  readonly target?: string;
  /** May it be sent again after an answer was lost? True for reads and for calls that set a value. */
  readonly isRepeatable: boolean;
}

/** `not-happened`: no try of the call had an effect. `unknown`: at least one may have had. */
export type Fate = 'not-happened' | 'unknown';

export class ClerkCallError extends Error {
  readonly call: ClerkCall;
  /** HTTP status; absent where there was no answer, or one that was no JSON. */
  readonly status: number | undefined;
  /** Clerk's code of the first error, e.g. `resource_not_found`. */
  readonly clerkCode: string | undefined;
  readonly traceId: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly fate: Fate;

  constructor(call: ClerkCall, facts: ClerkAnswerFacts, options?: { readonly fate?: Fate; readonly cause?: unknown }) {
    super(describeFailure(call, facts), options?.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'ClerkCallError';
    this.call = call;
    this.status = facts.status;
    this.clerkCode = facts.clerkCode;
    this.traceId = facts.traceId;
    this.retryAfterMs = facts.retryAfterMs;
    this.fate = options?.fate ?? (isRefusal(facts.status) ? 'not-happened' : 'unknown');
  }

  /** A 408, a 429, a 5xx or no answer at all: another try later may go well. */
  get isTransient(): boolean {
    return this.status === undefined || this.status === TIMED_OUT || this.status === 429 || this.status >= 500;
  }
}

export interface ClerkAnswerFacts {
  readonly status?: number | undefined;
  readonly clerkCode?: string | undefined;
  readonly text?: string | undefined;
  readonly traceId?: string | undefined;
  readonly retryAfterMs?: number | undefined;
}

/** A server or a proxy gave up waiting (RFC 9110, 15.5.9): what it had of the call may have been carried out. */
const TIMED_OUT = 408;

/** A 4xx says that the call was refused before it did anything; 429 is one of them. */
function isRefusal(status: number | undefined): boolean {
  return status !== undefined && status >= 400 && status < 500 && status !== TIMED_OUT;
}

function describeFailure(call: ClerkCall, facts: ClerkAnswerFacts): string {
  const what = call.target === undefined ? call.name : `${call.name} (${call.target})`;
  const answer = facts.status === undefined ? 'got no usable answer' : `answered ${facts.status}`;
  const code = facts.clerkCode === undefined || facts.clerkCode === 'unexpected_error' ? '' : ` ${facts.clerkCode}`;
  const text = facts.text === undefined || facts.text === '' ? '' : `: ${facts.text}`;
  const trace = facts.traceId === undefined || facts.traceId === '' ? '' : ` [trace ${facts.traceId}]`;
  return `Clerk: ${what} ${answer}${code}${text}${trace}`;
}

/**
 * Reads the facts out of what an SDK method threw. `ClerkAPIResponseError` carries `status`, `errors`,
 * `clerkTraceId` and `retryAfter` (seconds); after a lost connection or bad JSON it has no status
 * (@clerk/backend 3.25.0, api/request.ts). Read by shape, so that the SDK need not be loaded for it.
 */
export function factsOfThrown(thrown: unknown): ClerkAnswerFacts {
  if (!(thrown instanceof Error)) return { text: String(thrown) };
  const status = 'status' in thrown && typeof thrown.status === 'number' ? thrown.status : undefined;
  const retryAfter = 'retryAfter' in thrown && typeof thrown.retryAfter === 'number' ? thrown.retryAfter : undefined;
  const first = 'errors' in thrown && Array.isArray(thrown.errors) ? firstError(thrown.errors) : undefined;
  return {
    status,
    clerkCode: first?.clerkCode,
    text: first?.text ?? textOf(thrown),
    traceId: 'clerkTraceId' in thrown && typeof thrown.clerkTraceId === 'string' ? thrown.clerkTraceId : undefined,
    retryAfterMs: retryAfter === undefined ? undefined : retryAfter * 1000,
  };
}

/** Facts of an error body `{"errors":[{message, long_message, code}], "clerk_trace_id"}` (OpenAPI, ClerkErrors). */
export function factsOfBody(body: unknown): Pick<ClerkAnswerFacts, 'clerkCode' | 'text' | 'traceId'> {
  if (!isJsonObject(body)) return {};
  const first = Array.isArray(body.errors) ? firstError(body.errors) : undefined;
  return { ...first, traceId: typeof body.clerk_trace_id === 'string' ? body.clerk_trace_id : undefined };
}

function firstError(errors: readonly unknown[]): { clerkCode?: string; text?: string } | undefined {
  const first = errors[0];
  if (typeof first !== 'object' || first === null) return undefined;
  const long = textAt(first, 'long_message') ?? textAt(first, 'longMessage') ?? textAt(first, 'message');
  const code = textAt(first, 'code');
  return { ...(code === undefined ? {} : { clerkCode: code }), ...(long === undefined ? {} : { text: long }) };
}

function textAt(value: object, key: string): string | undefined {
  const found: unknown = Reflect.get(value, key);
  return typeof found === 'string' && found !== '' ? found : undefined;
}

/** `fetch failed` says nothing; its cause does (ECONNRESET and its like). */
function textOf(thrown: Error): string {
  return thrown.cause instanceof Error && thrown.cause.message !== ''
    ? `${thrown.message} (${thrown.cause.message})`
    : thrown.message;
}

/** A read that Clerk refuses (bad key, bad parameters) will be refused again: `retry` must not try. */
export function asReadFailure(error: unknown): unknown {
  if (!(error instanceof ClerkCallError) || error.isTransient) return error;
  return new PermanentFailure(error.message, { cause: error });
}

/** For a change's callback: a refusal is known not to have happened, anything else stays unknown. */
export function asChangeFailure(error: unknown): unknown {
  if (!(error instanceof ClerkCallError) || error.fate === 'unknown') return error;
  return new ChangeRefused(error.message, { cause: error });
}
