// One page of GET /users. Ordered by creation and without filters it costs what the page holds, however large the world
// is and wherever the cursor stands; other orders and filters look at every user.

import type { World } from '../context.ts';
import * as view from '../state/view.ts';
import { invalidParameter } from './errors.ts';
import { readPage } from './parameters.ts';
import type { ClerkContext } from './route.ts';
import { selectUsers, type UserSelection } from './user-filter.ts';
import { inOrder, type Order, readOrder } from './user-order.ts';

/** Indexes of the users on the page that `query` asks for, in order. */
export function listUsers(query: URLSearchParams, world: ClerkContext): readonly number[] {
  const { limit, offset } = readPage(query);
  const order = readOrder(query);
  const cursor = readCursor(query, world, order, offset);
  if (cursor === 'nowhere') return [];
  const selection = selectUsers(query, world);
  if (order.field !== 'created_at') {
    const all = inOrder({ query, order, kept: world.keptOrder }, world, () => walk(world, selection, false, undefined));
    return [...all.subarray(offset, offset + limit)];
  }
  const page: number[] = [];
  // Without tests the offset is arithmetic; with them, or with users gone, every skipped user must be looked at.
  const canJump =
    selection.tests.length === 0 &&
    world.state.deleted.size === 0 &&
    selection.named === undefined &&
    cursor === undefined;
  let toSkip = canJump ? 0 : offset;
  for (const user of walk(world, canJump ? skip(selection, offset, order) : selection, order.isDescending, cursor)) {
    if (toSkip > 0) {
      toSkip -= 1;
      continue;
    }
    page.push(user);
    if (page.length === limit) break;
  }
  return page;
}

/** How many users the filters of `query` select. */
export function countUsers(query: URLSearchParams, world: ClerkContext): number {
  const selection = selectUsers(query, world);
  if (selection.named === undefined && selection.tests.length === 0) {
    const gone = [...world.state.deleted].filter((user) => user >= selection.from && user < selection.to).length;
    return Math.max(0, selection.to - selection.from - gone);
  }
  let count = 0;
  for (const _ of walk(world, selection, false, undefined)) count += 1;
  return count;
}

/** `starting_after`: "requires ordering by created_at", "cannot be combined with a non-zero offset": 422 each. */
function readCursor(
  query: URLSearchParams,
  world: ClerkContext,
  order: Order,
  offset: number,
): number | undefined | 'nowhere' {
  const id = query.get('starting_after');
  if (id === null || id === '') return undefined;
  if (order.field !== 'created_at') throw invalidParameter('starting_after', 'requires ordering by created_at');
  if (offset > 0) throw invalidParameter('starting_after', 'cannot be combined with offset');
  const user = view.findUserEver(world, id);
  // What an unknown cursor answers is silent; ours refuses it, so that a walk cannot silently start anew.
  if (user === undefined) throw invalidParameter('starting_after', 'is not the id of a user');
  if (view.isThere(world, user) || world.choices.deletedCursor === 'go-on') return user;
  // Silent: a cursor user who was deleted meanwhile. `choices.deletedCursor`.
  if (world.choices.deletedCursor === 'empty') return 'nowhere';
  throw invalidParameter('starting_after', 'is not the id of a user');
}

function skip(selection: UserSelection, count: number, { isDescending }: Order): UserSelection {
  return isDescending ? { ...selection, to: selection.to - count } : { ...selection, from: selection.from + count };
}

/** The selected users in order of creation, after the cursor; those who are gone left out. */
function* walk(
  { state }: World,
  selection: UserSelection,
  isDescending: boolean,
  cursor: number | undefined,
): Generator<number> {
  const from = isDescending || cursor === undefined ? selection.from : Math.max(selection.from, cursor + 1);
  const to = isDescending && cursor !== undefined ? Math.min(selection.to, cursor) : selection.to;
  const passes = (user: number): boolean => !state.deleted.has(user) && selection.tests.every((test) => test(user));
  if (selection.named !== undefined) {
    const named = selection.named.filter((user) => user >= from && user < to && passes(user));
    yield* isDescending ? named.reverse() : named;
  } else if (isDescending) {
    for (let user = to - 1; user >= from; user -= 1) if (passes(user)) yield user;
  } else {
    for (let user = from; user < to; user += 1) if (passes(user)) yield user;
  }
}
