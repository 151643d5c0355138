// One request as one change in the ledger, with its answer kept there: a step that is resumed after the request was
// answered still has an output.
import {
  type ActionContext,
  ChangeRefused,
  type ChangeResult,
  isJsonObject,
  type JsonObject,
  PermanentFailure,
  slowDigest,
} from '../../engine/action.ts';
import { type Answer, type ExchangeOptions, exchange, RequestFailure } from './exchange.ts';
import type { PreparedRequest } from './prepare.ts';

/** What a change's record may hold of a body. */
const MAX_KEPT_CHARACTERS = 65_536;

export interface ChangeOptions extends ExchangeOptions {
  /** May it be sent again where its answer was lost? */
  readonly isIdempotent: boolean;
}

/** How a step's request came out. `confirmed`: a person found out that it was done; its answer is not known. */
export type Sent =
  | { readonly kind: 'answered'; readonly answer: Answer }
  | { readonly kind: 'planned' }
  | { readonly kind: 'confirmed' };

/** @throws PermanentFailure, RequestFailure, Paused */
export async function sendAsChange(
  ctx: ActionContext,
  request: PreparedRequest,
  options: ChangeOptions,
): Promise<Sent> {
  const { kind, id } = ctx.target ?? { kind: 'request', id: request.line };
  let answered: Answer | undefined;
  let failure: RequestFailure | undefined;
  const spec = {
    kind,
    verb: request.method.toLowerCase(),
    // With a digest of what is sent: a request that somebody edited is another one.
    after: { requestSent: request.line, digest: await digestOf(ctx, request) },
    targets: [{ id }],
    idempotent: options.isIdempotent,
  };
  const [result] = await ctx.changes(spec, async ([target]) => {
    if (target?.id !== id) return leftAlone(target?.id);
    try {
      answered = await exchange(ctx, request, options);
    } catch (thrown) {
      if (!(thrown instanceof RequestFailure)) throw thrown;
      failure = thrown;
      throw thrown.fate === 'not-happened' ? new ChangeRefused(thrown.message, { cause: thrown }) : thrown;
    }
    return new Map([[id, { outcome: 'done', detail: toDetail(answered) } as const]]);
  });
  switch (result?.outcome) {
    case 'planned':
      return { kind: 'planned' };
    case 'done':
    case 'already':
      return answered === undefined ? recorded(ctx, result, request) : { kind: 'answered', answer: answered };
    case 'unknown': {
      const message = `It is not known whether ${request.line} had its effect on ${kind} ${id}${why(result)}`;
      // Sent before, and refused now for good: sending it once more tells nothing new.
      const isRefused = failure?.fate === 'not-happened' && !failure.isTransient;
      throw isRefused ? new PermanentFailure(message) : new Error(message);
    }
    default: {
      const message = `${request.line} had no effect on ${kind} ${id} (${result?.outcome ?? 'no result'})${why(result)}`;
      throw failure?.isTransient === true ? new Error(message) : new PermanentFailure(message);
    }
  }
}

/** Address, query and body may hold secrets. */
function digestOf({ run }: ActionContext, { method, url, body }: PreparedRequest): Promise<string> {
  return slowDigest([method, url, body ?? null], `${run.id} ${run.step}`);
}

/** What an earlier attempt left open on another target (its inputs were edited since): this request is not for that. */
function leftAlone(id: string | undefined) {
  const error = 'sent for another target by an earlier attempt; not sent again';
  return id === undefined ? undefined : new Map([[id, { outcome: 'unknown', error } as const]]);
}

function why(result: ChangeResult | undefined): string {
  return result?.error === undefined ? '' : `: ${result.error}`;
}

function toDetail(answer: Answer): JsonObject {
  const { text, ...rest } = answer;
  return { ...rest, ...(text.length <= MAX_KEPT_CHARACTERS ? { text } : {}) };
}

function recorded(ctx: ActionContext, result: ChangeResult, { line }: PreparedRequest): Sent {
  const { status, headers, text, isTruncated, durationMs } = result.detail ?? {};
  if (typeof status !== 'number') {
    ctx.log(`${line}: recorded as done without an answer; its status and body are not known`);
    return { kind: 'confirmed' };
  }
  if (typeof text !== 'string') {
    throw new PermanentFailure(
      `${line} was answered ${status}, but its body was more than the ledger keeps of a change. Mark the step as done by hand`,
    );
  }
  ctx.log(`${line}: sent by an earlier attempt; its recorded answer is used`);
  return {
    kind: 'answered',
    answer: {
      status,
      text,
      headers: isJsonObject(headers) ? textsOf(headers) : {},
      isTruncated: isTruncated === true,
      durationMs: typeof durationMs === 'number' ? durationMs : 0,
    },
  };
}

function textsOf(value: JsonObject): { readonly [name: string]: string } {
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, one]) => (typeof one === 'string' ? [[name, one]] : [])),
  );
}
