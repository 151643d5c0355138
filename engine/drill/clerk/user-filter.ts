// The filters of GET /users and GET /users/count. `created_at` filters and the filters that name users narrow the range
// to look at; the rest are tests on one user.

import * as view from '../state/view.ts';
import { missingParameter } from './errors.ts';
import { readBoolean, readList, readTime } from './parameters.ts';
import { floorToDay } from './present.ts';
import type { ClerkContext } from './route.ts';
import { addressCandidates, identifierTests } from './user-identifiers.ts';
import { textTests } from './user-search.ts';

const DAY_MS = 86_400_000;

export interface UserSelection {
  /** Named users, ascending; undefined: all in `from..to`. */
  readonly named?: readonly number[];
  /** Indexes: `from` inclusive, `to` exclusive. */
  readonly from: number;
  readonly to: number;
  readonly tests: readonly ((user: number) => boolean)[];
}

export function selectUsers(query: URLSearchParams, world: ClerkContext): UserSelection {
  const tests: ((user: number) => boolean)[] = [];
  const named = readNamed(query, world, tests);

  const createdAfter = readTime(query, 'created_at_after');
  const createdBefore = readTime(query, 'created_at_before');
  const from = createdAfter === undefined ? 0 : view.countCreatedBefore(world, createdAfter + 1);
  const to = createdBefore === undefined ? view.userIndexes(world) : view.countCreatedBefore(world, createdBefore);

  const banned = readBoolean(query, 'banned');
  if (banned !== undefined) tests.push((user) => view.isBanned(world, user) === banned);
  addTimeTests(query, 'last_active_at', (user) => floorToDay(view.lastActiveAt(world, user)), tests);
  addTimeTests(query, 'last_sign_in_at', (user) => view.lastSignInAt(world, user), tests);
  tests.push(...textTests(query, world));
  tests.push(...identifierTests(query, world));
  if (query.has('provider_user_id') && !query.has('provider')) {
    throw missingParameter('provider', 'provider must be given together with provider_user_id.');
  }
  return { ...(named === undefined ? {} : { named }), from, to, tests };
}

/** Users named by `user_id` and `email_address`; both given: those in both. Exclusions (`-`) become a test. */
function readNamed(
  query: URLSearchParams,
  world: ClerkContext,
  tests: ((user: number) => boolean)[],
): readonly number[] | undefined {
  const lists: Set<number>[] = [];
  const ids = readList(query, 'user_id');
  const excluded = new Set(ids.filter((id) => id.startsWith('-')).map((id) => view.findUser(world, id.slice(1))));
  if (excluded.size > 0) tests.push((user) => !excluded.has(user));
  const included = ids.filter((id) => !id.startsWith('-'));
  // A raw `+` in a URL reads as a space.
  if (included.length > 0) lists.push(known(included.map((id) => view.findUser(world, id.replace(/^[+ ]/, '')))));
  const addressed = addressCandidates(query, world);
  if (addressed !== undefined) lists.push(new Set(addressed));
  const [first, ...rest] = lists;
  if (first === undefined) return undefined;
  return [...first].filter((user) => rest.every((other) => other.has(user))).sort((a, b) => a - b);
}

function known(users: readonly (number | undefined)[]): Set<number> {
  return new Set(users.filter((user) => user !== undefined));
}

/** "after the given date", "before": strictly. `_since` is the deprecated form of `_after` and takes
 * in the whole day of its date. */
function addTimeTests(
  query: URLSearchParams,
  name: string,
  read: (user: number) => number | null,
  tests: ((user: number) => boolean)[],
): void {
  const add = (suffix: string, fits: (value: number, bound: number) => boolean): void => {
    const bound = readTime(query, `${name}_${suffix}`);
    if (bound === undefined) return;
    tests.push((user) => {
      const value = read(user);
      return value !== null && fits(value, bound);
    });
  };
  add('after', (value, bound) => value > bound);
  add('before', (value, bound) => value < bound);
  add('since', (value, bound) => value >= Math.floor(bound / DAY_MS) * DAY_MS);
}
