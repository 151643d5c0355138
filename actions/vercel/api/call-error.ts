// What went wrong with one call to Vercel's REST API. It never holds a header or a body that was sent, so no token and no
// variable's value can leak through it.
import { isJsonObject, PermanentFailure } from '../../../engine/action.ts';

/** `not-happened`: no try of the call had an effect. `unknown`: at least one may have had. */
export type Fate = 'not-happened' | 'unknown';

export interface VercelAnswerFacts {
  /** HTTP status; absent where there was no answer, or one that was not as expected. */
  readonly status?: number | undefined;
  readonly code?: string | undefined;
  readonly text?: string | undefined;
  /** Vercel's name of a request, for its support (`x-vercel-id`). */
  readonly traceId?: string | undefined;
  readonly retryAfterMs?: number | undefined;
}

export class VercelCallError extends Error {
  readonly status: number | undefined;
  /** Vercel's code of the error: `forbidden`, `not_found`. */
  readonly code: string | undefined;
  readonly retryAfterMs: number | undefined;
  readonly fate: Fate;

  /** @param call `POST /v10/projects/{id}/promote/dpl_…` */
  constructor(
    call: string,
    facts: VercelAnswerFacts,
    options: { readonly fate?: Fate | undefined; readonly cause?: unknown } = {},
  ) {
    super(textOf(call, facts), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'VercelCallError';
    this.status = facts.status;
    this.code = facts.code;
    this.retryAfterMs = facts.retryAfterMs;
    this.fate = options.fate ?? (isRefusal(facts.status) ? 'not-happened' : 'unknown');
  }

  /** A 408, a 429, a 5xx or no answer at all: another try later may go well. */
  get isTransient(): boolean {
    return this.status === undefined || !isRefusal(this.status) || this.status === 429;
  }
}

/** A server or a proxy gave up waiting (RFC 9110, 15.5.9): what it had of the call may have been carried out. */
const TIMED_OUT = 408;

function isRefusal(status: number | undefined): boolean {
  return status !== undefined && status >= 400 && status < 500 && status !== TIMED_OUT;
}

function textOf(call: string, { status, code, text, traceId }: VercelAnswerFacts): string {
  const answer = status === undefined ? 'got no usable answer' : `answered ${status}`;
  const parts = [
    code === undefined ? '' : ` ${code}`,
    text === undefined || text === '' ? '' : `: ${text}`,
    traceId === undefined ? '' : ` [${traceId}]`,
    status === 401 || status === 403
      ? '. Look at VERCEL_TOKEN, and at VERCEL_TEAM_ID where a team owns the project'
      : '',
  ];
  return `Vercel: ${call} ${answer}${parts.join('')}`;
}

/** An error body is `{"error":{"code","message"}}` (https://vercel.com/docs/rest-api/errors). */
export function factsOfBody(body: unknown): Pick<VercelAnswerFacts, 'code' | 'text'> {
  if (!isJsonObject(body) || !isJsonObject(body.error)) return {};
  const { code, message } = body.error;
  return {
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof message === 'string' ? { text: message } : {}),
  };
}

/** A read that is refused (wrong token, no such project) will be refused again: `retry` must not try. */
export function asReadFailure(error: unknown): unknown {
  if (!(error instanceof VercelCallError) || error.isTransient) return error;
  return new PermanentFailure(error.message, { cause: error });
}
