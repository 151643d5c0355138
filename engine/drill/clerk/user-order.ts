// `order_by` of GET /users. By creation the index is the order; any other order costs a look at all users, so the last one
// asked for is kept until something changes: its pages then cost what they hold.
import type { World } from '../context.ts';
import type { Mutation } from '../state/mutation.ts';
import * as view from '../state/view.ts';
import { invalidParameter } from './errors.ts';
import { floorToDay } from './present.ts';

type SortKey = (world: World, user: number) => number | string;

/** GET /users, order_by. What nobody has (phone number, username, wallet) sorts as equal. */
const ORDERS: { readonly [field: string]: SortKey } = {
  created_at: view.createdAt,
  updated_at: view.updatedAt,
  last_active_at: (world, user) => floorToDay(view.lastActiveAt(world, user)) ?? 0,
  last_sign_in_at: (world, user) => view.lastSignInAt(world, user) ?? 0,
  email_address: (world, user) => view.profileOf(world, user).email,
  first_name: (world, user) => view.profileOf(world, user).firstName,
  last_name: (world, user) => view.profileOf(world, user).lastName,
  username: () => '',
  phone_number: () => '',
  web3wallet: () => '',
};

export interface Order {
  readonly field: string;
  readonly isDescending: boolean;
}

/** @throws ClerkApiError 422 for a field that there is no order by. */
export function readOrder(query: URLSearchParams): Order {
  // Only the first order_by counts. A raw `+` reads as a space, and is taken for what was meant.
  const text = query.get('order_by') ?? '-created_at';
  const field = text.replace(/^[+\- ]/, '');
  if (!Object.hasOwn(ORDERS, field)) {
    throw invalidParameter('order_by', `must be one of ${Object.keys(ORDERS).join(', ')}, with + or - before it`);
  }
  return { field, isDescending: text.startsWith('-') };
}

/** The one order that is kept: of one selection, as the world was after one mutation. */
export interface KeptOrder {
  last?: { readonly selection: string; readonly after: Mutation | undefined; readonly users: Uint32Array };
}

/** All users that `query` selects, in order. @param select Gives them by creation, oldest first. */
export function inOrder(
  { query, order, kept }: { readonly query: URLSearchParams; readonly order: Order; readonly kept: KeptOrder },
  world: World,
  select: () => Iterable<number>,
): Uint32Array {
  const asked = new URLSearchParams(query);
  for (const name of ['limit', 'offset']) asked.delete(name);
  const selection = asked.toString();
  const after = world.state.last;
  if (kept.last?.selection !== selection || kept.last.after !== after) {
    kept.last = { selection, after, users: sortUsers(Uint32Array.from(select()), world, order) };
  }
  return kept.last.users;
}

/** Ties go by creation, in the same direction. */
function sortUsers(users: Uint32Array, world: World, { field, isDescending }: Order): Uint32Array {
  const keyOf = ORDERS[field] ?? (() => 0);
  const keys = Array.from(users, (user) => keyOf(world, user));
  const sign = isDescending ? -1 : 1;
  const places = Uint32Array.from(users.keys()).sort((a, b) => {
    const [left = 0, right = 0] = [keys[a], keys[b]];
    return sign * (left < right ? -1 : left > right ? 1 : a - b);
  });
  return places.map((place) => users[place] ?? 0);
}
