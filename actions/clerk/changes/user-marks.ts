// Setting a mark on users one by one, where Clerk takes one a call: locks, compromised passwords, metadata.
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
import { idsInDoubt, throwIfUsersOpen } from './outcomes.ts';

/** Whether Clerk refuses to set what is set already is in none of its documents: these might say so. */
const REPEAT_REFUSALS: ReadonlySet<number> = new Set([400, 409, 422]);

/** What the answer of every such call is: the user, as the SDK gives it. */
type UserAnswer = { readonly id: string };

export interface MarkSpec {
  readonly kind: string;
  readonly verb: string;
  readonly after: JsonObject;
  readonly undo?: Undo;
  /** `POST /users/{id}/lock` */
  readonly call: string;
  readonly targets: readonly Omit<Target, 'kind'>[];
  /** Sends it for one user. @returns the user as Clerk answered it. */
  mark(user: string): Promise<UserAnswer>;
  /** Whether the mark is there now, where that can be read: settles an answer that was lost. */
  holds?(user: string): Promise<boolean>;
}

/**
 * Sends one call a target. A refusal of one user (403, 404, 422) is that user's outcome and not the end of the others.
 * @throws PermanentFailure where the key or the plan is refused (401, 402): that speaks for all. Error while anything is in
 * doubt or might go well at another try.
 */
export async function markEach(ctx: ActionContext, client: ClerkClient, spec: MarkSpec): Promise<void> {
  const { kind, verb, after, undo, targets } = spec;
  const transient = new Set<string>();
  // Of an earlier attempt: what Clerk says of a repeat tells nothing of whether they were done then.
  const doubtful = idsInDoubt(ctx, kind, verb);
  let sent = 0;
  const results = await ctx.changes(
    { kind, verb, after, targets, batch: 1, concurrency: CLERK_CONCURRENCY, ...(undo === undefined ? {} : { undo }) },
    async (chunk) => {
      const answers = new Map<string, TargetAnswer>();
      for (const { id } of chunk) answers.set(id, await markOne(client, spec, id, { transient, doubtful }));
      sent += chunk.length;
      ctx.progress(sent, targets.length, 'users');
      return answers;
    },
  );
  throwIfUsersOpen(verb, results, transient);
}

async function markOne(
  client: ClerkClient,
  spec: MarkSpec,
  user: string,
  { transient, doubtful }: { readonly transient: Set<string>; readonly doubtful: ReadonlySet<string> },
): Promise<TargetAnswer> {
  const call: ClerkCall = { name: spec.call, target: `user ${user}`, isRepeatable: true };
  try {
    await client.send(call, async () => {
      const got: unknown = await spec.mark(user);
      // The SDK returns a string, silently, for a 200 that is not exactly `application/json`.
      if (!isUserAnswer(got)) throw notJson(call);
    });
    return {};
  } catch (error) {
    if (!(error instanceof ClerkCallError)) throw error;
    if (error.status === 401 || error.status === 402) throw new PermanentFailure(error.message, { cause: error });
    const mayBeRepeat = error.status !== undefined && REPEAT_REFUSALS.has(error.status);
    if (error.fate === 'unknown' || mayBeRepeat) {
      const holds = await spec.holds?.(user).catch(() => undefined);
      if (holds === true) return {};
    } else if (error.isTransient) transient.add(user);
    if (mayBeRepeat && doubtful.has(user)) throw error;
    throw asChangeFailure(error);
  }
}

function isUserAnswer(value: unknown): value is UserAnswer {
  return typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'string';
}
