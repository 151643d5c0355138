// One message as one change in the ledger.
import { type ActionContext, ChangeRefused, type ChangeSpec, PermanentFailure } from '../../../engine/action.ts';
import { RequestFailure } from '../../http/exchange.ts';

/** `not-sent`: a plan, or a person said to leave it. */
export type Delivered = 'sent' | 'not-sent';

/** @param send throws RequestFailure. @throws PermanentFailure, Error where it did not leave or nobody knows; Paused */
export async function deliver(
  ctx: ActionContext,
  spec: ChangeSpec,
  send: (signal: AbortSignal) => Promise<void>,
): Promise<Delivered> {
  let failure: RequestFailure | undefined;
  const result = await ctx.change(spec, async (signal) => {
    try {
      await send(signal);
    } catch (thrown) {
      if (thrown instanceof RequestFailure) failure = thrown;
      throw asChangeFailure(thrown);
    }
  });
  switch (result.outcome) {
    case 'done':
    case 'already':
      return 'sent';
    case 'planned':
    case 'skipped':
      return 'not-sent';
    case 'unknown':
      throw new Error(
        `It is not known whether the message to ${spec.id} arrived${result.error === undefined ? '' : `: ${result.error}`}`,
      );
    default: {
      const why = result.error === undefined ? '' : `: ${result.error}`;
      const message = `The message to ${spec.id} was not sent (${result.outcome})${why}`;
      throw failure?.isTransient === true ? new Error(message) : new PermanentFailure(message);
    }
  }
}

/** As the ledger wants it: known not to have happened, or not known. */
export function asChangeFailure(thrown: unknown): unknown {
  return thrown instanceof RequestFailure && thrown.fate === 'not-happened'
    ? new ChangeRefused(thrown.message, { cause: thrown })
    : thrown;
}
