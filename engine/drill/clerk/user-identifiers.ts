// The filters of GET /users that go by what belongs to a user: addresses, numbers, wallets, accounts at providers,
// organizations. Nobody in this world has a username or an external id, so filters by those match nobody.
import type { CredentialKind } from '../population/credentials.ts';
import { organizationId, organizationsOf } from '../population/organizations.ts';
import { credentialsOf } from '../state/credential-view.ts';
import * as view from '../state/view.ts';
import { groundOf } from './key-requests.ts';
import { readList } from './parameters.ts';
import type { ClerkContext } from './route.ts';

type Test = (user: number) => boolean;

const NOBODY_HAS = ['username', 'external_id'];
/** An external account's `provider_user_id`: the end of its id. */
const PROVIDER = 'oauth_google';
const PROVIDER_ID_LENGTH = 19;

export function identifierTests(query: URLSearchParams, world: ClerkContext): readonly Test[] {
  const tests: Test[] = [];
  const byValue = (name: string, kind: CredentialKind): void => {
    const wanted = new Set(readList(query, name).map((value) => value.toLowerCase()));
    if (wanted.size === 0) return;
    tests.push((user) => valuesOf(world, user, kind).some((value) => wanted.has(value)));
  };
  byValue('phone_number', 'phone_number');
  byValue('web3_wallet', 'web3_wallet');
  byValue('email_address', 'email_address');
  const byPart = (name: string, kind: CredentialKind): void => {
    const wanted = query.get(name)?.toLowerCase() ?? '';
    if (wanted !== '') tests.push((user) => valuesOf(world, user, kind).some((value) => value.includes(wanted)));
  };
  byPart('phone_number_query', 'phone_number');
  byPart('email_address_query', 'email_address');
  addProviderTest(query, world, tests);
  addOrganizationTests(query, world, tests);
  const asksForNobody =
    NOBODY_HAS.some((name) => readList(query, name).some((value) => !value.startsWith('-'))) ||
    (query.get('username_query') ?? '') !== '';
  if (asksForNobody) tests.push(() => false);
  return tests;
}

/**
 * Users who may have one of the addresses: those whose first address it is, found without a search, and the few that may
 * have a further one. Undefined where no address is asked for.
 */
export function addressCandidates(query: URLSearchParams, world: ClerkContext): readonly number[] | undefined {
  const emails = readList(query, 'email_address');
  if (emails.length === 0) return undefined;
  const first = emails.map((email) => view.userOfAddress(world, email)).filter((user) => user !== undefined);
  return [...new Set([...first, ...world.population.compromised, ...world.state.credentials.added.keys()])];
}

function valuesOf(world: ClerkContext, user: number, kind: CredentialKind): readonly string[] {
  return credentialsOf(world, user)
    .filter((one) => one.kind === kind)
    .map(({ value }) => value.toLowerCase());
}

function addProviderTest(query: URLSearchParams, world: ClerkContext, tests: Test[]): void {
  const wanted = new Set(readList(query, 'provider_user_id'));
  if (wanted.size === 0) return;
  const isKnown = query.get('provider') === PROVIDER;
  tests.push(
    (user) =>
      isKnown &&
      credentialsOf(world, user).some(
        ({ kind, id }) => kind === 'external_account' && wanted.has(id.slice(-PROVIDER_ID_LENGTH)),
      ),
  );
}

/** `+` and nothing include, `-` excludes. */
function addOrganizationTests(query: URLSearchParams, world: ClerkContext, tests: Test[]): void {
  const ids = readList(query, 'organization_id');
  if (ids.length === 0) return;
  const ground = groundOf(world);
  const isMemberOf = (user: number, wanted: ReadonlySet<string>): boolean =>
    user < world.population.size &&
    organizationsOf(ground, user).some((one) => wanted.has(organizationId(ground, one)));
  const excluded = new Set(ids.filter((id) => id.startsWith('-')).map((id) => id.slice(1)));
  const included = new Set(ids.filter((id) => !id.startsWith('-')).map((id) => id.replace(/^[+ ]/, '')));
  if (excluded.size > 0) tests.push((user) => !isMemberOf(user, excluded));
  if (included.size > 0) tests.push((user) => isMemberOf(user, included));
}
