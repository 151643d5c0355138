// Ways in that exist before the drill, as pure functions of seed and user: what users set up themselves, and what the
// intruder added to the first so many compromised accounts. Nothing is held in memory.
import { below, fromWord, randomWord, SHUFFLE_SIZE, STREAM, shuffle, toWord, unshuffle } from '../random.ts';

export type CredentialKind = 'email_address' | 'phone_number' | 'external_account' | 'passkey' | 'web3_wallet';

/** How many of the compromised users, in order of creation, got such a thing from the intruder before the drill. */
export interface AddedByAttacker {
  readonly emails: number;
  readonly phones: number;
  readonly externalAccounts: number;
  readonly passkeys: number;
}

/** `world.credentials` of a scenario. */
export interface CredentialSpec {
  readonly addedByAttacker: AddedByAttacker;
}

export interface Credential {
  readonly id: string;
  readonly kind: CredentialKind;
  /** The address, number or wallet; of an external account its address, of a passkey its name. */
  readonly value: string;
  readonly createdAt: number;
  readonly by: 'user' | 'attacker' | 'world' | 'responder';
  /** Of a phone number: asked for as a second factor. */
  readonly isSecondFactor: boolean;
}

export interface SeededDevice {
  readonly id: string;
  readonly platform: 'ios' | 'android';
  readonly createdAt: number;
  readonly lastUsedAt: number;
}

/** What there is to know of one user before their credentials can be drawn. */
export interface CredentialGround {
  readonly seed: number;
  readonly user: number;
  readonly createdAt: number;
  readonly startedAt: number;
  /** The primary address. */
  readonly email: string;
  /** Place among the compromised users; undefined for anybody else. */
  readonly victim: number | undefined;
  readonly addedByAttacker: AddedByAttacker;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const INDEX_LENGTH = 5;
const SLOT_LENGTH = 2;
/** The intruder's additions stand in so many hours before the drill. */
const ATTACK_SPAN_MS = 6 * HOUR_MS;

/** A place among a user's credentials; ids carry it, so that an id leads back to its owner without a table. */
const SLOT = {
  email: 0,
  phone: 1,
  passkey: 2,
  external: 3,
  wallet: 4,
  attackEmail: 10,
  attackPhone: 11,
  attackPasskey: 12,
  attackExternal: 13,
  device: 20,
} as const;

/** Prefixes: Clerk's ids of identifications and external accounts; that of trusted devices is in none of its files. */
type Prefix = 'idn' | 'eac' | 'tdev';

function idAt(prefix: Prefix, seed: number, user: number, slot: number): string {
  const owner = toWord(shuffle(user, seed, STREAM.credentialId), INDEX_LENGTH);
  return `${prefix}_2${owner}${toWord(slot, SLOT_LENGTH)}${randomWord(19, seed, STREAM.credentialId, user, slot + 1)}`;
}

/** The user whose seeded credential or device this is, or undefined for an id that this seed gives to nobody. */
export function ownerOfCredential(seed: number, id: string): number | undefined {
  const match = /^(idn|eac|tdev)_2(\w{5})(\w{2})\w{19}$/.exec(id);
  const [, prefix, owner = '', place = ''] = match ?? [];
  const shuffled = fromWord(owner);
  const slot = fromWord(place);
  if (match === null || shuffled === undefined || slot === undefined || shuffled >= SHUFFLE_SIZE) return undefined;
  const user = unshuffle(shuffled, seed, STREAM.credentialId);
  // The pattern has matched one of the prefixes.
  return idAt(prefix as Prefix, seed, user, slot) === id ? user : undefined;
}

/** All of a user's ways in at the start, the primary e-mail address first. */
export function seededCredentials(ground: CredentialGround): readonly Credential[] {
  return [...ownCredentials(ground), ...seededByAttacker(ground)];
}

function ownCredentials({ seed, user, createdAt, email }: CredentialGround): readonly Credential[] {
  const has = (oneIn: number, slot: number): boolean => below(oneIn, seed, STREAM.credential, user, slot) === 0;
  const own = (slot: number, kind: CredentialKind, value: string, isSecondFactor = false): Credential => ({
    id: idAt(kind === 'external_account' ? 'eac' : 'idn', seed, user, slot),
    kind,
    value,
    // Set up at sign-up, or on a day soon after; always before the attack.
    createdAt: slot === SLOT.email ? createdAt : createdAt + below(DAY_MS, seed, STREAM.credential, user, 100 + slot),
    by: 'user',
    isSecondFactor,
  });
  const credentials = [own(SLOT.email, 'email_address', email)];
  if (has(3, SLOT.phone)) credentials.push(own(SLOT.phone, 'phone_number', phoneAt(user, 0), has(2, 50)));
  if (has(10, SLOT.passkey)) credentials.push(own(SLOT.passkey, 'passkey', 'iCloud Keychain'));
  if (has(4, SLOT.external)) credentials.push(own(SLOT.external, 'external_account', email));
  if (has(50, SLOT.wallet)) credentials.push(own(SLOT.wallet, 'web3_wallet', walletAt(seed, user)));
  return credentials;
}

/** Those of them that the intruder added. */
export function seededByAttacker({
  seed,
  user,
  victim,
  startedAt,
  addedByAttacker,
}: Omit<CredentialGround, 'createdAt' | 'email'>): readonly Credential[] {
  if (victim === undefined) return [];
  const added = (slot: number, kind: CredentialKind, value: string): Credential => ({
    id: idAt(kind === 'external_account' ? 'eac' : 'idn', seed, user, slot),
    kind,
    value,
    createdAt: startedAt - 60_000 - below(ATTACK_SPAN_MS - 60_000, seed, STREAM.credential, user, 100 + slot),
    by: 'attacker',
    isSecondFactor: false,
  });
  const address = `backup.${user}@mail.example.net`;
  const credentials: Credential[] = [];
  if (victim < addedByAttacker.emails) credentials.push(added(SLOT.attackEmail, 'email_address', address));
  if (victim < addedByAttacker.phones) credentials.push(added(SLOT.attackPhone, 'phone_number', phoneAt(user, 1)));
  if (victim < addedByAttacker.externalAccounts) {
    credentials.push(added(SLOT.attackExternal, 'external_account', address));
  }
  if (victim < addedByAttacker.passkeys) credentials.push(added(SLOT.attackPasskey, 'passkey', 'Chrome on Linux'));
  return credentials;
}

export interface SeededFactors {
  readonly totp: boolean;
  readonly backupCode: boolean;
}

/** One in four has an authenticator app, and half of those backup codes. */
export function seededFactors(seed: number, user: number): SeededFactors {
  const totp = below(4, seed, STREAM.secondFactor, user) === 0;
  return { totp, backupCode: totp && below(2, seed, STREAM.secondFactor, user, 1) === 0 };
}

/** Phones that a user signs in from without a second factor: one user in four has one or two. */
export function seededDevices({ seed, user, createdAt, startedAt }: CredentialGround): readonly SeededDevice[] {
  if (below(4, seed, STREAM.trustedDevice, user) !== 0) return [];
  return Array.from({ length: 1 + below(2, seed, STREAM.trustedDevice, user, 1) }, (_, place) => ({
    id: idAt('tdev', seed, user, SLOT.device + place),
    platform: below(2, seed, STREAM.trustedDevice, user, 2 + place) === 0 ? 'ios' : 'android',
    createdAt: createdAt + HOUR_MS,
    lastUsedAt: Math.max(createdAt + HOUR_MS, startedAt - DAY_MS - below(DAY_MS, seed, STREAM.trustedDevice, user, 9)),
  }));
}

/** +999 is reserved by the ITU and given to nobody (E.164): no number of a drill rings anywhere. */
function phoneAt(user: number, which: number): string {
  return `+999${which}${String(user).padStart(8, '0')}`;
}

function walletAt(seed: number, user: number): string {
  const digits = Array.from({ length: 40 }, (_, place) => below(16, seed, STREAM.wallet, user, place).toString(16));
  return `0x${digits.join('')}`;
}
