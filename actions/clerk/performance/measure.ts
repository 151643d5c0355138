// Taking samples of one call, one after the other, so that they do not wait for each other.
import { type ActionContext, messageOf } from '../../../engine/action.ts';
import { ClerkCallError } from '../api/call-error.ts';
import type { ClerkClient } from '../api/client.ts';

export interface Samples {
  /** Milliseconds of those that went well. */
  readonly times: readonly number[];
  readonly errors: number;
  readonly lastError?: string;
  /** Ended early by `isOver`. */
  readonly isCut?: boolean;
}

export interface Sampling {
  readonly samples: number;
  /** Calls before the samples: connections are opened and caches filled. */
  readonly warmUp: number;
  /** No sample is begun after this time. */
  readonly budgetMs: number;
  /** No call is begun once it says so, and one that then fails is not counted: what is measured with does not hold any more. */
  readonly isOver?: () => boolean;
}

/**
 * Calls `work` until there are so many samples, or the time is used up. A call that fails is counted, not thrown.
 * @param before waits for leave to send, outside of what is measured; tells the limiter of a 429.
 */
export async function takeSamples(
  ctx: Pick<ActionContext, 'signal'>,
  { samples, warmUp, budgetMs, isOver = () => false }: Sampling,
  work: () => Promise<unknown>,
  before?: () => Promise<(error: unknown) => void>,
): Promise<Samples> {
  const times: number[] = [];
  let errors = 0;
  let lastError: string | undefined;
  let isCut = false;
  const begun = performance.now();
  for (let n = -warmUp; n < samples; n++) {
    if (n > 0 && performance.now() - begun > budgetMs) break;
    const tell = await before?.();
    isCut = isOver();
    if (isCut) break;
    ctx.signal.throwIfAborted();
    const start = performance.now();
    try {
      await work();
      if (n >= 0) times.push(performance.now() - start);
    } catch (error) {
      ctx.signal.throwIfAborted();
      tell?.(error);
      isCut = isOver();
      if (isCut) break;
      if (n < 0) continue;
      errors++;
      lastError = messageOf(error);
    }
  }
  return { times, errors, isCut, ...(lastError === undefined ? {} : { lastError }) };
}

/** For calls that count against Clerk's limit: each waits for the limiter before its time begins. */
export function underLimiter({ limiter, ctx }: ClerkClient): () => Promise<(error: unknown) => void> {
  return async () => {
    const ticket = await limiter.take(ctx);
    return (error) => {
      const status = error instanceof ClerkCallError ? error.status : statusOf(error);
      if (status !== 429) return;
      limiter.refuse(ticket, ctx.now(), error instanceof ClerkCallError ? error.retryAfterMs : undefined);
    };
  };
}

/** Of what an SDK method threw. */
function statusOf(error: unknown): number | undefined {
  return error instanceof Error && 'status' in error && typeof error.status === 'number' ? error.status : undefined;
}
