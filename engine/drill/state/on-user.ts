// How folds reach one user's part of the state.
import { type At, type FoldContext, noteRepeat } from './fold.ts';
import { type Effect, emptyChange, type UserChange } from './user-change.ts';
import { findUser } from './who.ts';

/** What a fold on one user works with. */
export interface UserFold extends At {
  readonly context: FoldContext;
  readonly user: number;
  readonly change: UserChange;
}

/**
 * Runs `apply` on the user with this id; where it changed nothing (false), the request is kept as a repeat and the user
 * stays untouched. Passed over where nobody has the id, or no more.
 */
export function onUser(
  context: FoldContext,
  mutation: At & { readonly type: string },
  id: string,
  apply: (fold: UserFold) => boolean,
): void {
  const user = findUser(context, id);
  if (user === undefined) return;
  const change = context.users.get(user) ?? emptyChange(mutation.at);
  const by = mutation.by === undefined ? {} : { by: mutation.by };
  if (!apply({ context, user, change, at: mutation.at, ...by })) {
    noteRepeat(context, mutation, id);
    return;
  }
  change.updatedAt = mutation.at;
  context.users.set(user, change);
}

/** Notes what was done to the user, unless the world or the intruder did it. Always true, so that a fold can end in it. */
export function note({ change, by }: UserFold, effect: Effect): true {
  if (by === undefined) change.effects.push(effect);
  return true;
}
