// API keys, organizations, machines and issued tokens as pure functions of the seed. Ids carry what they belong to, so
// nothing is held and no table is searched. Ids have the shapes of Clerk Backend API 2026-05-12: `ak_` and `mt_` with 32
// hexadecimal digits, `org_` and `mch_` with 27 word characters.
import {
  below,
  draw,
  fromWord,
  randomWord,
  SHUFFLE_SIZE,
  STREAM,
  shuffle,
  toWord,
  unit,
  unshuffle,
} from '../random.ts';
import type { KeySpec } from '../scenario.ts';
import type { Population } from './population.ts';

/** What the keys follow from. */
export interface KeyGround {
  readonly population: Population;
  readonly startedAt: number;
  readonly spec: KeySpec;
}

export interface SeededKey {
  readonly id: string;
  /** A user's, an organization's or, of a machine token, a machine's id. */
  readonly subject: string;
  readonly name: string;
  readonly createdAt: number;
  readonly lastUsedAt: number | null;
  readonly isRevokedAtStart: boolean;
  readonly isAttackers: boolean;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const INDEX_LENGTH = 5;
/** First digit of a hexadecimal id: whose it is. */
const HEX_KINDS = { user: 0, organization: 1, machine: 2, added: 3 } as const;
type HexKind = keyof typeof HEX_KINDS;
const HEX_STREAMS: { readonly [kind in HexKind]: number } = {
  user: STREAM.apiKey,
  organization: STREAM.apiKey,
  machine: STREAM.machineToken,
  added: STREAM.apiKey,
};

/** 32 hexadecimal digits: kind, owner (28 shuffled bits), place among the owner's (12 bits), and 21 digits that prove them. */
function hexOf(seed: number, kind: HexKind, owner: number, place: number): string {
  const stream = HEX_STREAMS[kind];
  const head = `${HEX_KINDS[kind]}${hex(shuffle(owner, seed, stream), 7)}${hex(place, 3)}`;
  const proof = [0, 1, 2].map((part) => hex(draw(seed, stream, owner, (HEX_KINDS[kind] * 4096 + place) * 4 + part), 8));
  return `${head}${proof.join('').slice(0, 21)}`;
}

function hex(value: number, length: number): string {
  return value.toString(16).padStart(length, '0');
}

function readHex(seed: number, kind: HexKind, digits: string): { owner: number; place: number } | undefined {
  if (!/^[0-9a-f]{32}$/.test(digits) || digits[0] !== String(HEX_KINDS[kind])) return undefined;
  const owner = unshuffle(Number.parseInt(digits.slice(1, 8), 16), seed, HEX_STREAMS[kind]);
  const place = Number.parseInt(digits.slice(8, 11), 16);
  return hexOf(seed, kind, owner, place) === digits ? { owner, place } : undefined;
}

/** As ids of users are made: the shuffled index, and characters that only this seed and index give. */
function wordId(prefix: string, seed: number, stream: number, index: number): string {
  return `${prefix}_2${toWord(shuffle(index, seed, stream), INDEX_LENGTH)}${randomWord(21, seed, stream, index, 1)}`;
}

function readWordId(prefix: string, seed: number, stream: number, id: string): number | undefined {
  const start = prefix.length + 2;
  if (!id.startsWith(`${prefix}_2`) || id.length !== start + INDEX_LENGTH + 21) return undefined;
  const shuffled = fromWord(id.slice(start, start + INDEX_LENGTH));
  if (shuffled === undefined || shuffled >= SHUFFLE_SIZE) return undefined;
  const index = unshuffle(shuffled, seed, stream);
  return wordId(prefix, seed, stream, index) === id ? index : undefined;
}

function within(index: number | undefined, count: number): number | undefined {
  return index !== undefined && index < count ? index : undefined;
}

// Organizations

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

// API keys

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

// Machines

export function machineId({ population: { seed } }: KeyGround, machine: number): string {
  return wordId('mch', seed, STREAM.machine, machine);
}

export function machineIndex({ population: { seed }, spec }: KeyGround, id: string): number | undefined {
  return within(readWordId('mch', seed, STREAM.machine, id), spec.machines);
}

const MACHINE_NAMES = ['billing', 'mailer', 'search', 'exports', 'reports', 'gateway'] as const;

export interface SeededMachine {
  readonly id: string;
  readonly name: string;
  readonly createdAt: number;
  readonly tokenSeconds: number;
}

export function machineAt(ground: KeyGround, machine: number): SeededMachine {
  const { seed } = ground.population;
  const name = MACHINE_NAMES[machine % MACHINE_NAMES.length] ?? 'service';
  const round = Math.floor(machine / MACHINE_NAMES.length);
  return {
    id: machineId(ground, machine),
    name: round === 0 ? name : `${name}-${round + 1}`,
    createdAt: ground.startedAt - (30 + machine) * DAY_MS,
    tokenSeconds: below(3, seed, STREAM.machine, machine, 2) === 0 ? 30 * 86_400 : 3600,
  };
}

/** Opaque tokens of a machine, oldest first. */
export function machineTokens(ground: KeyGround, machine: number): readonly SeededKey[] {
  const { population, startedAt, spec } = ground;
  const { seed } = population;
  const subject = machineId(ground, machine);
  return Array.from({ length: spec.tokensPerMachine }, (_, place) => {
    const createdAt = startedAt - (spec.tokensPerMachine - place) * 60_000;
    return {
      id: `mt_${hexOf(seed, 'machine', machine, place)}`,
      subject,
      name: '',
      createdAt,
      lastUsedAt: below(3, seed, STREAM.machineToken, machine, 100 + place) === 0 ? null : createdAt + 30_000,
      isRevokedAtStart: false,
      isAttackers: false,
    };
  });
}

/** The machine of a token and the token's place there. */
export function machineTokenAt(ground: KeyGround, id: string): { machine: number; place: number } | undefined {
  const found = id.startsWith('mt_') ? readHex(ground.population.seed, 'machine', id.slice(3)) : undefined;
  if (found === undefined || found.owner >= ground.spec.machines || found.place >= ground.spec.tokensPerMachine)
    return undefined;
  return { machine: found.owner, place: found.place };
}

// OAuth applications, sign-in and actor tokens

export function oauthApplicationId({ population: { seed } }: KeyGround, application: number): string {
  return wordId('oa', seed, STREAM.oauthApplication, application);
}

export function oauthApplicationIndex({ population: { seed }, spec }: KeyGround, id: string): number | undefined {
  return within(readWordId('oa', seed, STREAM.oauthApplication, id), spec.oauthApplications);
}

export type IssuedKind = 'sign-in' | 'actor';
const ISSUED_PREFIX: { readonly [kind in IssuedKind]: string } = { 'sign-in': 'sit', actor: 'act' };

export interface IssuedToken {
  readonly id: string;
  readonly user: string;
  /** Somebody signed in with it. */
  readonly isUsed: boolean;
  readonly createdAt: number;
}

/** What the app's own records hold of tokens that it issued for compromised users: Clerk lists none. */
export function issuedTokens(ground: KeyGround, kind: IssuedKind): readonly IssuedToken[] {
  const count = kind === 'sign-in' ? ground.spec.signInTokens : ground.spec.actorTokens;
  return ground.population.compromised.slice(0, count).map((user, place) => issuedAt(ground, kind, user, place));
}

export function findIssuedToken(ground: KeyGround, kind: IssuedKind, id: string): IssuedToken | undefined {
  const user = readWordId(ISSUED_PREFIX[kind], ground.population.seed, STREAM.issuedToken, id);
  return user === undefined ? undefined : issuedTokens(ground, kind).find((token) => token.id === id);
}

function issuedAt({ population, startedAt }: KeyGround, kind: IssuedKind, user: number, place: number): IssuedToken {
  return {
    id: wordId(ISSUED_PREFIX[kind], population.seed, STREAM.issuedToken, user),
    user: population.idAt(user),
    isUsed: place % 3 === 2,
    createdAt: startedAt - (place + 1) * HOUR_MS,
  };
}
