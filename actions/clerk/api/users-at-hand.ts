// Users whom an action has just read, handed to the family's reader, which is asked for the same ones next: 10,000 users are 100
// requests, and protection alone would send them again. What is handed over is served once and before the attempt's first
// effect only; from then on the engine's own cache holds it, and forgets what was touched.
import type { ActionContext } from '../../../engine/action.ts';
import type { ClerkUser } from './users.ts';

type Users = ReadonlyMap<string, ClerkUser | undefined>;

/** By `ctx.run`, an object of one attempt that the action and the reader are both given. */
const atHand = new WeakMap<ActionContext['run'], Users>();

/** @param ids those asked for; of them Clerk does not know those that are not in `users`. */
export function handToReader(ctx: ActionContext, ids: readonly string[], users: ReadonlyMap<string, ClerkUser>): void {
  atHand.set(ctx.run, new Map(ids.map((id) => [id, users.get(id)])));
}

/** What was handed over; nothing the second time. */
export function takeAtHand(ctx: ActionContext): Users {
  const users = atHand.get(ctx.run) ?? new Map<string, undefined>();
  atHand.delete(ctx.run);
  return users;
}

/** An effect is about to leave: what was read is the past. */
export function forgetAtHand(ctx: ActionContext): void {
  atHand.delete(ctx.run);
}
