// Sends one prepared request and reads its answer; says of a failure whether the request can have had an effect.
import { type ActionContext, ChangeRefused, messageOf } from '../../engine/action.ts';
import { discardBody, readBounded } from './body.ts';
import { isNotSent, networkText } from './network.ts';
import type { PreparedRequest } from './prepare.ts';
import { type ExpectedStatus, expectedWords, isExpectedStatus } from './status.ts';

export interface ExchangeOptions {
  readonly expectStatus: ExpectedStatus | undefined;
  readonly timeoutMs: number;
  /** Of the body; nothing is read with 0. */
  readonly maxBodyBytes: number;
  /** Names of headers the answer keeps. */
  readonly keepHeaders: readonly string[];
}

export interface Answer {
  readonly status: number;
  readonly headers: { readonly [name: string]: string };
  readonly text: string;
  readonly isTruncated: boolean;
  readonly durationMs: number;
}

/** `not-happened`: the request did not leave, or was refused. `unknown`: it may have had its effect. */
export type Fate = 'not-happened' | 'unknown';

export class RequestFailure extends Error {
  readonly fate: Fate;
  /** Trying again later may go well. */
  readonly isTransient: boolean;

  constructor(
    message: string,
    facts: { readonly fate: Fate; readonly isTransient: boolean; readonly cause?: unknown },
  ) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = 'RequestFailure';
    this.fate = facts.fate;
    this.isTransient = facts.isTransient;
  }
}

/** Of an answer that is not as expected, an error quotes no more than this. */
const QUOTED_CHARACTERS = 300;
/** RFC 9110 15.5.9, RFC 8470, RFC 6585: refused for now. */
const REFUSED_FOR_NOW = new Set([408, 425, 429]);

/**
 * The answer, where its status is one that was expected.
 * @throws RequestFailure; ChangeRefused where the engine kept the request back.
 */
export async function exchange(
  ctx: Pick<ActionContext, 'fetch'>,
  request: PreparedRequest,
  options: ExchangeOptions,
): Promise<Answer> {
  const { method, url, headers, body, line } = request;
  const startedAt = performance.now();
  // The gate follows those of a read, hop by hop; nothing that changes something is sent on.
  const isFollowed = method === 'GET' || method === 'HEAD';
  let response: Response;
  try {
    const signal = AbortSignal.timeout(options.timeoutMs);
    const redirect = isFollowed ? 'follow' : 'manual';
    response = await ctx.fetch(url, { method, headers, redirect, signal, ...(body === undefined ? {} : { body }) });
  } catch (thrown) {
    if (thrown instanceof ChangeRefused) throw thrown;
    // Of one that is sent on, the first hop may have arrived.
    const fate = isNotSent(thrown) && !isFollowed ? 'not-happened' : 'unknown';
    const message = `${line} got no answer: ${networkText(thrown, options.timeoutMs)}`;
    throw new RequestFailure(message, { fate, isTransient: true, cause: thrown });
  }
  if (!isExpectedStatus(response.status, options.expectStatus)) throw await unexpected(response, request, options);
  const { text, isTruncated } = await bodyOf(response, request, options);
  return {
    status: response.status,
    headers: keptHeaders(response, options.keepHeaders),
    text,
    isTruncated,
    durationMs: Math.round(performance.now() - startedAt),
  };
}

async function bodyOf(response: Response, { line }: PreparedRequest, options: ExchangeOptions) {
  if (options.maxBodyBytes === 0) {
    await discardBody(response);
    return { text: '', isTruncated: false };
  }
  try {
    return await readBounded(response, options.maxBodyBytes);
  } catch (thrown) {
    const message = `${line} answered ${response.status}, but its body broke off: ${networkText(thrown, options.timeoutMs)}`;
    throw new RequestFailure(message, { fate: 'unknown', isTransient: true, cause: thrown });
  }
}

/** A 4xx says that nothing was done; anything else that was not expected leaves it open. */
async function unexpected(
  response: Response,
  { line }: PreparedRequest,
  options: ExchangeOptions,
): Promise<RequestFailure> {
  const { status } = response;
  const said = await readBounded(response, 4 * QUOTED_CHARACTERS).then(
    ({ text }) => text.replace(/\s+/g, ' ').trim().slice(0, QUOTED_CHARACTERS),
    (thrown: unknown) => `its body could not be read (${messageOf(thrown)})`,
  );
  const location = response.headers.get('location');
  const retryAfter = response.headers.get('retry-after');
  const message = [
    `${line} answered ${status}${location === null ? '' : ` to ${location}`}, ${expectedWords(options.expectStatus)}`,
    retryAfter === null ? '' : ` (Retry-After: ${retryAfter})`,
    said === '' ? '' : `: ${said}`,
  ].join('');
  const isRefusal = status >= 400 && status < 500;
  return new RequestFailure(message, {
    fate: isRefusal ? 'not-happened' : 'unknown',
    isTransient: !isRefusal || REFUSED_FOR_NOW.has(status),
  });
}

function keptHeaders(response: Response, names: readonly string[]): Answer['headers'] {
  const kept: Record<string, string> = {};
  for (const name of names) {
    const value = response.headers.get(name);
    if (value !== null) kept[name.toLowerCase()] = value;
  }
  return kept;
}
