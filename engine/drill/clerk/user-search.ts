// The filters `query` and `name_query` of GET /users: partial matches without case, over a million users if need be, so what
// costs little is looked at first, and ways in are made only for those who may have one that fits.
import type { World } from '../context.ts';
import type { CredentialKind } from '../population/credentials.ts';
import { credentialsOf } from '../state/credential-view.ts';
import * as view from '../state/view.ts';

type Test = (user: number) => boolean;

/** Kinds that the parameter `query` looks through. */
const SEARCHED: ReadonlySet<CredentialKind> = new Set(['email_address', 'phone_number', 'web3_wallet']);
/** What can stand in a number or a wallet of the seed: see population/credentials.ts. */
const PART_OF_SEEDED = /^(?:\+?\d+|0?x?[\da-f]*)$/;

/** `query` looks over everything that a user has, `name_query` over the names. */
export function textTests(query: URLSearchParams, world: World): readonly Test[] {
  const tests: Test[] = [];
  const name = query.get('name_query')?.toLowerCase() ?? '';
  if (name !== '') tests.push((user) => namesHold(view.profileOf(world, user), name));
  const any = query.get('query')?.toLowerCase() ?? '';
  if (any !== '') tests.push(anythingHolds(world, any));
  return tests;
}

function namesHold({ firstName, lastName }: view.Profile, wanted: string): boolean {
  return `${firstName} ${lastName}`.toLowerCase().includes(wanted);
}

function anythingHolds(world: World, wanted: string): Test {
  const { population, state } = world;
  const canBeSeeded = PART_OF_SEEDED.test(wanted);
  /** Who may have an address beside the one of their profile. */
  const withMore = new Set([...population.compromised, ...state.credentials.added.keys()]);
  return (user) => {
    const profile = view.profileOf(world, user);
    if (profile.email.toLowerCase().includes(wanted) || namesHold(profile, wanted)) return true;
    if (population.idAt(user).toLowerCase().includes(wanted)) return true;
    if (!canBeSeeded && !withMore.has(user)) return false;
    return credentialsOf(world, user).some(
      ({ kind, value }) => SEARCHED.has(kind) && value.toLowerCase().includes(wanted),
    );
  };
}
