// Users and sessions in exactly the form of Clerk Backend API 2026-05-12, schemas User and Session: all required
// properties, no others (both allow no additional ones).
import type { Json, JsonObject } from '../../json.ts';
import type { World } from '../context.ts';
import { plainId } from '../population/ids.ts';
import { emailAt, nameAt } from '../population/people.ts';
import { type Activity, isLive, type SessionStatus } from '../population/sessions.ts';
import { below, STREAM } from '../random.ts';
import { metadataOf } from '../state/metadata.ts';
import { endedAt } from '../state/sessions.ts';
import type { UserChange } from '../state/user-change.ts';
import { effectiveLock } from '../state/users.ts';

const DAY_MS = 86_400_000;
/** Clerk's default number of failed attempts before a lock. */
const MAX_ATTEMPTS = 100;

/** `last_active_at` of a user has day precision: schema User. */
export function floorToDay(time: number | null): number | null {
  return time === null ? null : Math.floor(time / DAY_MS) * DAY_MS;
}

export function isBanned({ population, state }: World, user: number): boolean {
  return state.users.get(user)?.banned ?? population.isBannedAtStart(user);
}

export function userUpdatedAt({ population, state }: World, user: number): number {
  return state.users.get(user)?.updatedAt ?? population.lastActiveAt(user) ?? population.createdAt(user);
}

export function presentUser(world: World, user: number, now: number): JsonObject {
  const { population, state } = world;
  const { seed } = population;
  const change = state.users.get(user);
  const { first, last } = nameAt(seed, user);
  const emailId = plainId('idn', seed, STREAM.emailId, user);
  const createdAt = population.createdAt(user);
  const hasTotp = population.roleOf(user) === 'innocent' && below(4, seed, STREAM.secondFactor, user) === 0;
  return {
    id: population.idAt(user),
    object: 'user',
    username: null,
    first_name: first,
    last_name: last,
    locale: null,
    image_url: `https://img.clerk.com/drill-${user}`,
    has_image: false,
    primary_email_address_id: emailId,
    primary_phone_number_id: null,
    primary_web3_wallet_id: null,
    password_enabled: true,
    two_factor_enabled: hasTotp,
    totp_enabled: hasTotp,
    backup_code_enabled: false,
    email_addresses: [presentEmail(emailId, emailAt(seed, user), createdAt)],
    phone_numbers: [],
    web3_wallets: [],
    passkeys: [],
    external_accounts: [],
    saml_accounts: [],
    enterprise_accounts: [],
    public_metadata: metadataOf(population, user, change, 'public_metadata'),
    private_metadata: metadataOf(population, user, change, 'private_metadata'),
    unsafe_metadata: metadataOf(population, user, change, 'unsafe_metadata'),
    external_id: null,
    last_sign_in_at: population.lastSignInAt(user),
    banned: isBanned(world, user),
    ...presentLock(change, now),
    created_at: createdAt,
    updated_at: userUpdatedAt(world, user),
    delete_self_enabled: true,
    create_organization_enabled: true,
    last_active_at: floorToDay(population.lastActiveAt(user)),
    mfa_enabled_at: hasTotp ? createdAt + DAY_MS : null,
    mfa_disabled_at: null,
    legal_accepted_at: null,
  };
}

/** "null while locked = for ever": schema User, lockout_expires_in_seconds. */
function presentLock(change: UserChange | undefined, now: number): JsonObject {
  const lock = effectiveLock(change, now);
  const seconds = lock === undefined || lock.until === null ? null : Math.ceil((lock.until - now) / 1000);
  return {
    locked: lock !== undefined,
    lockout_expires_in_seconds: seconds,
    verification_attempts_remaining: lock === undefined ? MAX_ATTEMPTS : 0,
  };
}

function presentEmail(id: string, address: string, createdAt: number): Json {
  return {
    id,
    object: 'email_address',
    email_address: address,
    reserved: false,
    verification: {
      object: 'verification_otp',
      status: 'verified',
      strategy: 'email_code',
      attempts: 1,
      expire_at: createdAt + 600_000,
    },
    linked_to: [],
    matches_sso_connection: false,
    created_at: createdAt,
    updated_at: createdAt,
  };
}

/** A session's status now: a live one that ended in this drill is `revoked`. */
export function sessionStatus(seeded: SessionStatus, ended: number | undefined): SessionStatus {
  return isLive(seeded) && ended !== undefined ? 'revoked' : seeded;
}

export function presentSession({ population, state }: World, user: number, index: number): JsonObject {
  const session = population.sessionAt(user, index);
  const ended = isLive(session.status) ? endedAt(state.users.get(user), index) : undefined;
  const status = sessionStatus(session.status, ended);
  return {
    object: 'session',
    id: session.id,
    user_id: population.idAt(user),
    client_id: session.clientId,
    actor: null,
    status,
    last_active_organization_id: null,
    last_active_at: session.lastActiveAt,
    latest_activity: session.activity === null ? null : presentActivity(session.activity),
    expire_at: session.expireAt,
    abandon_at: session.abandonAt,
    updated_at: ended ?? session.lastActiveAt,
    created_at: session.createdAt,
    tasks: status === 'pending' ? [{ key: 'reset-password' }] : null,
  };
}

function presentActivity({ id, device, address, place }: Activity): Json {
  return {
    object: 'session_activity',
    id,
    device_type: device.deviceType,
    is_mobile: device.isMobile,
    browser_name: device.browserName,
    browser_version: device.browserVersion,
    ip_address: address,
    city: place.city,
    country: place.country,
  };
}
