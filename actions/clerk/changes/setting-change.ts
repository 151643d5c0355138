// One change of a setting of the instance, and what its outcome means for the step.
import {
  type ActionContext,
  ChangeRefused,
  type ChangeResult,
  type ChangeSpec,
  PermanentFailure,
} from '../../../engine/action.ts';
import { asChangeFailure, ClerkCallError } from '../api/call-error.ts';

/** What Clerk says that holds, by the names of `wanted`. */
type Held = { readonly [name: string]: unknown };

/**
 * Clerk's 200 is no proof: what it answers, or is read back, is.
 * @throws ChangeRefused where nothing of it was taken; Error, which leaves it unknown, where some of it was.
 */
export function assertHeld(what: string, wanted: Held, now: Held, before: Held): void {
  const names = Object.keys(wanted);
  const open = names.filter((name) => now[name] !== wanted[name]);
  if (open.length === 0) return;
  const texts = open.map((name) => `${name} is ${String(now[name])}, not ${String(wanted[name])}`);
  const text = `Clerk: ${what} answered that it went well, but ${texts.join(', ')}. Look at it in Clerk's dashboard`;
  const isUntouched = names.every((name) => now[name] === before[name]);
  throw isUntouched ? new ChangeRefused(text) : new Error(text);
}

/**
 * @returns the change: done, already so or, in a plan, what would become of it.
 * @throws PermanentFailure where Clerk refused it, or it was left as it is on purpose: the setting does not hold; Error
 * where another try may go well, or nobody knows.
 */
export async function changeSetting(
  ctx: ActionContext,
  spec: ChangeSpec,
  perform: () => Promise<void>,
): Promise<ChangeResult> {
  let refusal: ClerkCallError | undefined;
  const result = await ctx.change(spec, async () => {
    try {
      await perform();
    } catch (error) {
      if (error instanceof ClerkCallError) refusal = error;
      throw asChangeFailure(error);
    }
  });
  if (!ctx.planning && (result.outcome === 'protected' || result.outcome === 'skipped')) {
    const why = result.error === undefined ? '' : `: ${result.error}`;
    throw new PermanentFailure(`${spec.kind} ${spec.id} was not changed, it is ${result.outcome}${why}`);
  }
  if (result.outcome !== 'failed' && result.outcome !== 'unknown') return result;
  const text = result.error ?? `${spec.verb} ${spec.kind} ${spec.id}: ${result.outcome}`;
  if (refusal !== undefined && !refusal.isTransient && refusal.fate === 'not-happened') {
    throw new PermanentFailure(text, { cause: refusal });
  }
  throw result.outcome === 'failed' ? new ChangeRefused(text) : new Error(text);
}
