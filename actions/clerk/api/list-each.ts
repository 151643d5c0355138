// Reading something of each of many sources: the sessions of a user, the keys of an organization. What one source is refused,
// or fails with, is its own: the others are read all the same.
import { type ActionContext, PermanentFailure, type Target } from '../../../engine/action.ts';
import { asReadFailure, ClerkCallError } from './call-error.ts';
import { CLERK_CONCURRENCY } from './client.ts';
import { mapConcurrent } from './concurrency.ts';

/** So many failures (5xx, no answer) with no answer between them are Clerk's and not one source's: no more is asked. */
const MOST_FAILURES_IN_A_ROW = 2 * CLERK_CONCURRENCY;
/** Names an error shows. */
const MOST_NAMES = 10;

export interface Unread {
  readonly source: Target;
  /** A PermanentFailure where Clerk refused it: it would be refused again. */
  readonly error: Error;
}

export interface Lists<T> {
  /** In the order of the sources. */
  readonly read: readonly { readonly source: Target; readonly list: T }[];
  /** Clerk says that there is no such source. */
  readonly unknown: readonly Target[];
  readonly unread: readonly Unread[];
  /** Clerk seems to be down: the last of them were not asked any more. */
  readonly isDown: boolean;
}

/**
 * @param list null: there is no such source.
 * @throws PermanentFailure where the key or the plan is refused (401, 402), which speaks for all; what is no failure of a
 * call to Clerk; the signal's reason.
 */
export async function listEach<T>(
  ctx: ActionContext,
  sources: readonly Target[],
  list: (source: Target) => Promise<T | null>,
): Promise<Lists<T>> {
  const read: Lists<T>['read'][number][] = [];
  const unknown: Target[] = [];
  const unread: Unread[] = [];
  let inARow = 0;
  let lastFailure: Error | undefined;
  const isDown = (): boolean => inARow >= MOST_FAILURES_IN_A_ROW;
  const answers = await mapConcurrent(sources, CLERK_CONCURRENCY, async (source) => {
    if (lastFailure !== undefined && isDown()) return { error: lastFailure };
    try {
      const found = await list(source);
      inARow = 0;
      return { found };
    } catch (thrown) {
      ctx.signal.throwIfAborted();
      const error = ofOneSource(thrown);
      if (saysUnknown(error)) return { found: null };
      if (error instanceof PermanentFailure) return { error };
      inARow++;
      lastFailure = error;
      return { error };
    }
  });
  sources.forEach((source, at) => {
    const answer = answers[at];
    if (answer?.error !== undefined) unread.push({ source, error: answer.error });
    else if (answer === undefined || answer.found === null || answer.found === undefined) unknown.push(source);
    else read.push({ source, list: answer.found });
  });
  return { read, unknown, unread, isDown: isDown() };
}

/** What a step that did everything else ends with: final only where all of it would be refused again. */
export function unreadError(unread: readonly Unread[], what: string): Error {
  const text = `${unreadText(unread, what)}. Everything else is done`;
  const [first] = unread;
  const isFinal = unread.every(({ error }) => error instanceof PermanentFailure);
  return isFinal ? new PermanentFailure(text, { cause: first?.error }) : new Error(text, { cause: first?.error });
}

/** @param what as a sentence says what is not known: `open sessions`. */
export function unreadText(unread: readonly Unread[], what: string): string {
  const names = unread.slice(0, MOST_NAMES).map(({ source }) => `${source.kind} ${source.id}`);
  const more = unread.length > MOST_NAMES ? ` and ${unread.length - MOST_NAMES} more` : '';
  const reasons = [...new Set(unread.map(({ error }) => error.message))].slice(0, 3);
  return `${what} of ${names.join(', ')}${more} could not be read: ${reasons.join('; ')}`;
}

/** @throws what is no failure of a call about this one source. */
function ofOneSource(thrown: unknown): Error {
  const failure = asReadFailure(thrown);
  if (failure instanceof ClerkCallError) return failure;
  const cause = failure instanceof PermanentFailure ? failure.cause : undefined;
  if (!(failure instanceof PermanentFailure) || !(cause instanceof ClerkCallError)) throw thrown;
  if (cause.status === 401 || cause.status === 402) throw failure;
  return failure;
}

/** 404, or one of the refusals of parameters whose code says that nothing was found. */
function saysUnknown({ cause }: Error): boolean {
  if (!(cause instanceof ClerkCallError)) return false;
  const isOfParameter = cause.status === 400 || cause.status === 422;
  return cause.status === 404 || (isOfParameter && cause.clerkCode?.endsWith('not_found') === true);
}
