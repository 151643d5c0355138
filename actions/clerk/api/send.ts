// Sends one call to Clerk under the limiter, again where that is safe. Knows nothing of users or sessions.
import { type ActionContext, ChangeRefused } from '../../../engine/action.ts';
import { type ClerkCall, ClerkCallError, factsOfThrown } from './call-error.ts';
import type { RateLimiter } from './rate-limit.ts';

/** Tries of one call that may end in a 5xx or a lost connection. */
const MAX_TRIES = 6;
/** Tries that may end in a 429. More, since each is known to have done nothing and is waited out. */
const MAX_REFUSALS = 40;
const FIRST_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 8000;

export interface Wire {
  readonly ctx: Pick<ActionContext, 'now' | 'sleep' | 'signal'>;
  readonly limiter: RateLimiter;
  /** Uniform in [0,1). */
  readonly random: () => number;
}

/**
 * Runs `attempt` until it answers, is refused for good, or the tries are used up. Back-off with full jitter.
 * @throws ClerkCallError whose `fate` covers all tries: one lost answer makes it `unknown`, even if a later try was
 * refused.
 */
export async function send<T>(call: ClerkCall, wire: Wire, attempt: () => Promise<T>): Promise<T> {
  let isInDoubt = false;
  let failures = 0;
  let refusals = 0;
  for (;;) {
    const ticket = await orStopped(call, isInDoubt, wire.limiter.take(wire.ctx));
    try {
      return await attempt();
    } catch (thrown) {
      // The engine's gate kept it back: trying again would change nothing.
      if (thrown instanceof ChangeRefused) throw thrown;
      const error =
        thrown instanceof ClerkCallError ? thrown : new ClerkCallError(call, factsOfThrown(thrown), { cause: thrown });
      isInDoubt ||= error.fate === 'unknown';
      if (error.status === 429) {
        refusals++;
        wire.limiter.refuse(ticket, wire.ctx.now(), error.retryAfterMs);
      } else if (error.isTransient) failures++;
      const isWorthATry =
        error.isTransient &&
        refusals < MAX_REFUSALS &&
        failures < MAX_TRIES &&
        !wire.ctx.signal.aborted &&
        (error.status === 429 || call.isRepeatable);
      if (!isWorthATry) throw isInDoubt && error.fate !== 'unknown' ? inDoubt(error) : error;
      // A 429 is waited out by the limiter, for all calls at once.
      if (error.status !== 429) await orStopped(call, isInDoubt, wire.ctx.sleep(wire.random() * backoffMs(failures)));
    }
  }
}

/** The last answer was a refusal, but an earlier try may have had its effect. */
function inDoubt(error: ClerkCallError): ClerkCallError {
  return new ClerkCallError(
    error.call,
    {
      status: error.status,
      clerkCode: error.clerkCode,
      text: 'and the answer to an earlier try was lost',
      traceId: error.traceId,
      retryAfterMs: error.retryAfterMs,
    },
    { fate: 'unknown', cause: error },
  );
}

function backoffMs(failures: number): number {
  return Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** failures);
}

/** A wait that ends in an abort: nothing left since the last try. */
async function orStopped<T>(call: ClerkCall, isInDoubt: boolean, waiting: Promise<T>): Promise<T> {
  try {
    return await waiting;
  } catch (cause) {
    const text = isInDoubt ? 'stopped while waiting to send it again' : 'stopped before it was sent';
    throw new ClerkCallError(call, { text }, { fate: isInDoubt ? 'unknown' : 'not-happened', cause });
  }
}
