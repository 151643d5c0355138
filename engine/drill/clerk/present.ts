// Users and sessions in exactly the form of Clerk Backend API 2026-05-12, schemas User and Session: all required
// properties, no others (both allow no additional ones).
import type { Json, JsonObject } from '../../json.ts';
import type { World } from '../context.ts';
import { type Activity, isLive } from '../population/sessions.ts';
import { metadataOf } from '../state/metadata.ts';
import { effectiveLock, type UserChange } from '../state/user-change.ts';
import * as view from '../state/view.ts';
import { presentCredentials } from './present-credentials.ts';

const DAY_MS = 86_400_000;
/** Clerk's default number of failed attempts before a lock. */
const MAX_ATTEMPTS = 100;

/** `last_active_at` of a user has day precision: schema User. */
export function floorToDay(time: number | null): number | null {
  return time === null ? null : Math.floor(time / DAY_MS) * DAY_MS;
}

export function presentUser(world: World, user: number, now: number): JsonObject {
  const { population, state } = world;
  const change = state.users.get(user);
  const { firstName, lastName } = view.profileOf(world, user);
  const createdAt = view.createdAt(world, user);
  return {
    id: population.idAt(user),
    object: 'user',
    username: null,
    first_name: firstName,
    last_name: lastName,
    locale: null,
    image_url: `https://img.clerk.com/drill-${user}`,
    has_image: false,
    password_enabled: true,
    ...presentCredentials(world, user),
    saml_accounts: [],
    enterprise_accounts: [],
    public_metadata: metadataOf(population, user, change, 'public_metadata'),
    private_metadata: metadataOf(population, user, change, 'private_metadata'),
    unsafe_metadata: metadataOf(population, user, change, 'unsafe_metadata'),
    external_id: null,
    last_sign_in_at: view.lastSignInAt(world, user),
    banned: view.isBanned(world, user),
    ...presentLock(change, now),
    created_at: createdAt,
    updated_at: view.updatedAt(world, user),
    delete_self_enabled: true,
    create_organization_enabled: true,
    last_active_at: floorToDay(view.lastActiveAt(world, user)),
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

/** The session as it is now: a live one that ended in this drill is `revoked`. */
export function presentSession(world: World, user: number, index: number): JsonObject {
  const session = view.sessionAt(world, user, index);
  const ended = isLive(session.status) ? view.sessionEndedAt(world, user, index) : undefined;
  const status = ended === undefined ? session.status : 'revoked';
  return {
    object: 'session',
    id: session.id,
    user_id: world.population.idAt(user),
    client_id: session.clientId,
    // Schema Session says only "object"; `sub` is what the claim `act` of its tokens holds.
    actor: session.actor === null ? null : { sub: session.actor },
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
