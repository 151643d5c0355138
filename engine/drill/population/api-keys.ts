// API keys of users and organizations, those of the attacker among them, as pure functions of the seed.
import { below, STREAM, unit } from '../random.ts';
import type { KeyGround, SeededKey } from './key-ground.ts';
import { HEX_KINDS, hexOf, readHex } from './key-ids.ts';
import { organizationCreatedAt, organizationId, organizationIndex } from './organizations.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Those of a user or an organization, oldest first; none for an id that nobody has. */
export function seededApiKeys(ground: KeyGround, subject: string): readonly SeededKey[] {
  const user = ground.population.indexOf(subject);
  if (user !== undefined) return keysOfUser(ground, user, subject);
  const organization = organizationIndex(ground, subject);
  if (organization === undefined) return [];
  const count = 1 + below(2, ground.population.seed, STREAM.apiKey, organization, 7);
  return Array.from({ length: count }, (_, place) =>
    ownKey(ground, {
      kind: 'organization',
      owner: organization,
      place,
      subject,
      since: organizationCreatedAt(ground, organization),
    }),
  );
}

function keysOfUser(ground: KeyGround, user: number, subject: string): readonly SeededKey[] {
  const { population, spec, startedAt } = ground;
  const { seed } = population;
  const hasOwn = unit(seed, STREAM.apiKey, user, 8) < spec.apiKeyShare;
  const count = hasOwn ? 1 + below(2, seed, STREAM.apiKey, user, 9) : 0;
  const since = population.createdAt(user);
  const keys = Array.from({ length: count }, (_, place) =>
    ownKey(ground, { kind: 'user', owner: user, place, subject, since }),
  );
  const position = population.compromised.indexOf(user);
  if (position < 0 || position >= spec.addedByAttacker) return keys;
  const createdAt = startedAt - HOUR_MS - below(3 * HOUR_MS, seed, STREAM.apiKey, user, 10);
  keys.push({
    id: `ak_${hexOf(seed, 'user', user, count)}`,
    subject,
    name: 'backup',
    createdAt,
    lastUsedAt: createdAt + 60_000,
    isRevokedAtStart: false,
    isAttackers: true,
  });
  return keys;
}

const KEY_NAMES = ['ci', 'reporting', 'export', 'sync', 'staging'] as const;

interface OwnKey {
  readonly kind: 'user' | 'organization';
  readonly owner: number;
  readonly place: number;
  readonly subject: string;
  /** When its owner came to be. */
  readonly since: number;
}

/** Every fifth second key was revoked long ago, so that lists have some that are no matter. */
function ownKey({ population, startedAt }: KeyGround, { kind, owner, place, subject, since }: OwnKey): SeededKey {
  const { seed } = population;
  const lot = (HEX_KINDS[kind] * 16 + place) * 4 + 64;
  const createdAt = Math.floor(
    since + (startedAt - since) * (0.2 + 0.3 * place + 0.2 * unit(seed, STREAM.apiKey, owner, lot)),
  );
  return {
    id: `ak_${hexOf(seed, kind, owner, place)}`,
    subject,
    name: KEY_NAMES[below(KEY_NAMES.length, seed, STREAM.apiKey, owner, lot + 1)] ?? 'ci',
    createdAt,
    lastUsedAt: startedAt - below(DAY_MS, seed, STREAM.apiKey, owner, lot + 2),
    isRevokedAtStart: place === 1 && below(5, seed, STREAM.apiKey, owner, lot + 3) === 0,
    isAttackers: false,
  };
}

/** Whose the seeded API key is; undefined for an id that no seeded key has. */
export function subjectOfApiKey(ground: KeyGround, id: string): string | undefined {
  const { seed } = ground.population;
  const user = readHex(seed, 'user', id.slice(3));
  const organization = readHex(seed, 'organization', id.slice(3));
  const subject =
    user !== undefined && user.owner < ground.population.size
      ? ground.population.idAt(user.owner)
      : organization !== undefined && organization.owner < ground.spec.organizations
        ? organizationId(ground, organization.owner)
        : undefined;
  if (subject === undefined || !id.startsWith('ak_')) return undefined;
  return seededApiKeys(ground, subject).some((key) => key.id === id) ? subject : undefined;
}

/** The id of the n-th API key that is made during the drill: of a mutation `api-key.create`. */
export function addedApiKeyId(seed: number, n: number): string {
  return `ak_${hexOf(seed, 'added', n, 0)}`;
}
