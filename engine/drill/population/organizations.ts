// Organizations and who is in them, as pure functions of the seed.
import { below, STREAM } from '../random.ts';
import type { KeyGround } from './key-ground.ts';
import { readWordId, within, wordId } from './key-ids.ts';

const DAY_MS = 86_400_000;

export function organizationId({ population: { seed } }: KeyGround, organization: number): string {
  return wordId('org', seed, STREAM.organization, organization);
}

export function organizationIndex({ population: { seed }, spec }: KeyGround, id: string): number | undefined {
  return within(readWordId('org', seed, STREAM.organization, id), spec.organizations);
}

/** Every compromised user and every second other one is a member of one or two. */
export function organizationsOf({ population, spec }: KeyGround, user: number): readonly number[] {
  const { seed } = population;
  const { organizations } = spec;
  const isMember = population.roleOf(user) === 'compromised' || below(2, seed, STREAM.organization, user, 2) === 0;
  if (organizations === 0 || !isMember) return [];
  const first = below(organizations, seed, STREAM.organization, user, 3);
  const hasSecond = organizations > 1 && below(4, seed, STREAM.organization, user, 4) === 0;
  return hasSecond ? [first, (first + 1) % organizations] : [first];
}

export function organizationCreatedAt({ population, startedAt }: KeyGround, organization: number): number {
  const days = 100 + below(700, population.seed, STREAM.organization, organization, 5);
  return startedAt - days * DAY_MS;
}
