// Taking things of users away one by one, where a 404 does not say what is missing: the user is read to know.
import {
  type ActionContext,
  type JsonObject,
  PermanentFailure,
  type Target,
  type TargetAnswer,
  type Undo,
} from '../../../engine/action.ts';
import { asChangeFailure, type ClerkCall, ClerkCallError } from '../api/call-error.ts';
import { CLERK_CONCURRENCY, type ClerkClient, notJson } from '../api/client.ts';
import { type Counts, countsOf, idsInDoubt, throwIfUnsettled } from './outcomes.ts';

export interface Removal {
  readonly kind: string;
  readonly verb: string;
  readonly after: JsonObject;
  readonly undo?: Undo;
  readonly targets: readonly Omit<Target, 'kind'>[];
  /** What is sent for a target, as messages name it: `DELETE /users/{id}/totp`. */
  readonly call: (id: string) => string;
  /** Sends it once; what Clerk answered, a JSON object. */
  send(id: string): Promise<unknown>;
  /** Whether it is so now, by a read: settles a 404 and an answer that was lost. */
  holds(id: string): Promise<boolean>;
}

/**
 * One call a target. A refusal of one (403, 404, 409, 422) is its own outcome and not the end of the others. Counts are of
 * all attempts.
 * @throws PermanentFailure where the key or the plan is refused (401, 402). Error while anything is in doubt or might go
 * well at another try.
 */
export async function removeEach(ctx: ActionContext, client: ClerkClient, removal: Removal): Promise<Counts> {
  const { kind, verb, after, undo, targets } = removal;
  const inDoubt = idsInDoubt(ctx, kind, verb);
  const transient = new Set<string>();
  let sent = 0;
  const results = await ctx.changes(
    { kind, verb, after, targets, batch: 1, concurrency: CLERK_CONCURRENCY, ...(undo === undefined ? {} : { undo }) },
    async (chunk) => {
      const answers = new Map<string, TargetAnswer>();
      for (const { id } of chunk) {
        const answer = await removeOne(client, removal, id, transient);
        answers.set(id, answer.outcome === 'already' && inDoubt.has(id) ? {} : answer);
      }
      sent += chunk.length;
      ctx.progress(sent, targets.length, kind);
      return answers;
    },
  );
  throwIfUnsettled(`${verb} ${kind}`, '', results, transient);
  return countsOf(ctx, kind, verb);
}

async function removeOne(
  client: ClerkClient,
  removal: Removal,
  id: string,
  transient: Set<string>,
): Promise<TargetAnswer> {
  const call: ClerkCall = { name: removal.call(id), target: id, isRepeatable: true };
  try {
    await client.send(call, async () => {
      const answer = await removal.send(id);
      // The SDK returns a string, silently, for a 200 that is not exactly `application/json`.
      if (typeof answer !== 'object' || answer === null) throw notJson(call);
    });
    return {};
  } catch (error) {
    if (!(error instanceof ClerkCallError)) throw error;
    if (error.status === 401 || error.status === 402) throw new PermanentFailure(error.message, { cause: error });
    if (error.fate === 'unknown' || error.status === 404) {
      const holds = await removal.holds(id).catch(() => undefined);
      if (holds === true) return error.fate === 'unknown' ? {} : { outcome: 'already' };
    } else if (error.isTransient) transient.add(id);
    throw asChangeFailure(error);
  }
}
