// The filters of GET /users and GET /users/count. `created_at` filters and the filters that name users narrow the range
// to look at; the rest are tests on one user. Nobody in the seeded world has a phone number, a username, a wallet, an
// external id, an organization or an external account, so filters by those match nobody.

import type { World } from '../context.ts';
import { emailAt, nameAt, userOfEmail } from '../population/people.ts';
import { missingParameter } from './errors.ts';
import { readBoolean, readList, readTime } from './parameters.ts';
import { floorToDay, isBanned } from './present.ts';

export interface UserSelection {
  /** Named users, ascending; undefined: all in `from..to`. */
  readonly named?: readonly number[];
  /** Indexes: `from` inclusive, `to` exclusive. */
  readonly from: number;
  readonly to: number;
  readonly tests: readonly ((user: number) => boolean)[];
}

const NOBODY_HAS = ['phone_number', 'username', 'web3_wallet', 'organization_id', 'external_id', 'provider_user_id'];
const NOBODY_MATCHES = ['phone_number_query', 'username_query'];

export function selectUsers(query: URLSearchParams, world: World): UserSelection {
  const { population } = world;
  const tests: ((user: number) => boolean)[] = [];
  const named = readNamed(query, world, tests);

  const createdAfter = readTime(query, 'created_at_after');
  const createdBefore = readTime(query, 'created_at_before');
  const from = createdAfter === undefined ? 0 : population.countCreatedBefore(createdAfter + 1);
  const to = createdBefore === undefined ? population.size : population.countCreatedBefore(createdBefore);

  const banned = readBoolean(query, 'banned');
  if (banned !== undefined) tests.push((user) => isBanned(world, user) === banned);
  addTimeTests(query, 'last_active_at', (user) => floorToDay(population.lastActiveAt(user)), tests);
  addTimeTests(query, 'last_sign_in_at', (user) => population.lastSignInAt(user), tests);
  addTextTests(query, world, tests);
  if (query.has('provider_user_id') && !query.has('provider')) {
    throw missingParameter('provider', 'provider must be given together with provider_user_id.');
  }
  return { ...(named === undefined ? {} : { named }), from, to, tests };
}

/** Users named by `user_id` and `email_address`; both given: those in both. Exclusions (`-`) become a test. */
function readNamed(
  query: URLSearchParams,
  { population }: World,
  tests: ((user: number) => boolean)[],
): readonly number[] | undefined {
  const lists: Set<number>[] = [];
  const ids = readList(query, 'user_id');
  const excluded = new Set(ids.filter((id) => id.startsWith('-')).map((id) => population.indexOf(id.slice(1))));
  if (excluded.size > 0) tests.push((user) => !excluded.has(user));
  const included = ids.filter((id) => !id.startsWith('-'));
  // A raw `+` in a URL reads as a space.
  if (included.length > 0) lists.push(known(included.map((id) => population.indexOf(id.replace(/^[+ ]/, '')))));
  const emails = readList(query, 'email_address');
  if (emails.length > 0) {
    lists.push(
      known(
        emails
          .map((email) => userOfEmail(population.seed, email))
          .map((user) => (user !== undefined && user < population.size ? user : undefined)),
      ),
    );
  }
  for (const name of NOBODY_HAS) {
    // `-` excludes those who have it, which is nobody.
    if (readList(query, name).some((value) => !value.startsWith('-'))) lists.push(new Set());
  }
  if (NOBODY_MATCHES.some((name) => (query.get(name) ?? '') !== '')) lists.push(new Set());
  const [first, ...rest] = lists;
  if (first === undefined) return undefined;
  return [...first].filter((user) => rest.every((other) => other.has(user))).sort((a, b) => a - b);
}

function known(users: readonly (number | undefined)[]): Set<number> {
  return new Set(users.filter((user) => user !== undefined));
}

/** "after the given date", "before": strictly. `_since` is the deprecated form of `_after` and takes the date itself. */
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
  add('since', (value, bound) => value >= bound);
}

/** Partial matches without case: `query` over everything that a user has, the others over one thing. */
function addTextTests(query: URLSearchParams, { population }: World, tests: ((user: number) => boolean)[]): void {
  const { seed } = population;
  const nameOf = (user: number): string => {
    const { first, last } = nameAt(seed, user);
    return `${first} ${last}`;
  };
  const add = (parameter: string, texts: (user: number) => readonly string[]): void => {
    const wanted = query.get(parameter)?.toLowerCase() ?? '';
    if (wanted !== '') tests.push((user) => texts(user).some((text) => text.toLowerCase().includes(wanted)));
  };
  add('query', (user) => [emailAt(seed, user), nameOf(user), population.idAt(user)]);
  add('email_address_query', (user) => [emailAt(seed, user)]);
  add('name_query', (user) => [nameOf(user)]);
}
