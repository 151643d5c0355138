// The sessions that users have when the drill starts, newest first. Times of creation fall strictly with the index, so a
// page of a listing is a range of indexes.
import { below, STREAM, unit } from '../random.ts';
import type { Compromised } from '../scenario.ts';
import type { Role, Victim } from './attack.ts';
import { plainId, sessionIdAt } from './ids.ts';
import {
  ATTACK_DEVICE,
  type Device,
  deviceAt,
  homeAddressAt,
  homeAt,
  type Place,
  travelAddressAt,
  tripAt,
} from './people.ts';

export type SessionStatus =
  | 'active'
  | 'pending'
  | 'revoked'
  | 'ended'
  | 'expired'
  | 'removed'
  | 'abandoned'
  | 'replaced';

export interface Activity {
  readonly id: string;
  readonly device: Device;
  readonly address: string;
  readonly place: Place;
}
export interface SeededSession {
  readonly id: string;
  readonly clientId: string;
  readonly status: SessionStatus;
  readonly createdAt: number;
  readonly lastActiveAt: number;
  readonly expireAt: number;
  readonly abandonAt: number;
  /** Who acts as the user: `sub` of the session's actor. */
  readonly actor: string | null;
  readonly activity: Activity | null;
}

/** As `sessionOf`, of one that began during the drill. */
export function begunSession(
  { seed, attackFrom }: { readonly seed: number; readonly attackFrom: Compromised['from'] },
  user: number,
  index: number,
  begun: BegunSession,
): SeededSession {
  const isAttack = begun.from === 'attacker';
  return {
    id: sessionIdAt(seed, user, index),
    clientId: plainId('client', seed, STREAM.clientId, user, index),
    status: begun.status,
    createdAt: begun.at,
    lastActiveAt: begun.at,
    expireAt: begun.at + LIFETIME_MS,
    abandonAt: begun.at + 2 * LIFETIME_MS,
    actor: begun.actor ?? null,
    activity: isAttack
      ? attackActivity({ seed, user, from: attackFrom }, index)
      : {
          id: plainId('sess_activity', seed, STREAM.activityId, user, index),
          device: deviceAt(seed, user),
          address: homeAddressAt(seed, user),
          place: homeAt(seed, user, attackFrom.country),
        },
  };
}

/** A session that began during the drill; its index follows those of the population. */
export interface BegunSession {
  readonly at: number;
  readonly from: 'attacker' | 'home';
  readonly status: 'active' | 'pending';
  /** Who acts as the user: the `sub` of the session's actor. */
  readonly actor?: string;
}

/** What session times are computed from; made once per user. */
export interface SessionFrame {
  readonly seed: number;
  readonly startedAt: number;
  readonly user: number;
  readonly role: Role;
  readonly decoyPosition: number;
  readonly isBanned: boolean;
  readonly victim: Victim | undefined;
  readonly lastActiveAt: number;
  readonly compromised: Compromised;
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;
/** The instance's session lifetime: a setting, so ours to choose. */
const LIFETIME_MS = 30 * DAY_MS;
/** A session whose user was away for longer than this has run out. */
const LIVE_WITHIN_MS = 20 * DAY_MS;
/** Whom an impersonated session names: a member of the app's support, whose access the intruder has. */
const IMPERSONATOR = 'user_2support0000000000000000000';
/** All of a user's own sessions began within this time before the last activity. */
export const OWN_SESSIONS_SPAN_MS = 7.5 * DAY_MS;

export function isLive(status: SessionStatus): boolean {
  return status === 'active' || status === 'pending';
}

function ownLive(seed: number, user: number): number {
  return 1 + below(3, seed, STREAM.sessionCount, user);
}
function ownTotal(seed: number, user: number): number {
  return ownLive(seed, user) + below(4, seed, STREAM.sessionCount, user, 1);
}

/** How many sessions a user has: the attacker's first, as they are the newest, then their own. */
export function sessionCountOf(seed: number, user: number, victim: Victim | undefined): number {
  return (victim?.attackSessions ?? 0) + ownTotal(seed, user);
}

/** No session of the attacker's is older. */
function attackBeganAt(startedAt: number, compromised: Compromised): number {
  return startedAt - compromised.withinHours * HOUR_MS;
}

export function sessionOf(frame: SessionFrame, index: number): SeededSession {
  const attackSessions = frame.victim?.attackSessions ?? 0;
  const isAttack = index < attackSessions;
  const createdAt = sessionCreatedAt(frame, index);
  return {
    id: sessionIdAt(frame.seed, frame.user, index),
    clientId: plainId('client', frame.seed, STREAM.clientId, frame.user, index),
    status: sessionStatusOf(frame, index),
    createdAt,
    lastActiveAt: isAttack ? attackActiveAt(frame, createdAt) : ownActiveAt(frame, index - attackSessions, createdAt),
    expireAt: createdAt + LIFETIME_MS,
    abandonAt: createdAt + 2 * LIFETIME_MS,
    actor: isAttack && index === 0 && frame.victim?.isImpersonated === true ? IMPERSONATOR : null,
    activity: isAttack
      ? attackActivity({ ...frame, from: frame.compromised.from }, index)
      : ownActivity(frame, index, index - attackSessions),
  };
}

/** As `sessionOf(…).createdAt`, without making the rest. */
export function sessionCreatedAt(frame: SessionFrame, index: number): number {
  const attackSessions = frame.victim?.attackSessions ?? 0;
  return index < attackSessions
    ? attackCreatedAt(frame, index, attackSessions)
    : ownCreatedAt(frame, index - attackSessions);
}

/** As `sessionOf(…).status`, without making the rest. */
export function sessionStatusOf(frame: SessionFrame, index: number): SessionStatus {
  const attackSessions = frame.victim?.attackSessions ?? 0;
  return index < attackSessions ? attackStatus(frame, index, attackSessions) : ownStatus(frame, index - attackSessions);
}

function attackCreatedAt({ seed, user, startedAt, compromised }: SessionFrame, index: number, total: number): number {
  const gap = (compromised.withinHours * HOUR_MS - 10 * MINUTE_MS) / total;
  return Math.floor(startedAt - 10 * MINUTE_MS - (index + unit(seed, STREAM.sessionAt, user, index)) * gap);
}

function attackActiveAt({ startedAt }: SessionFrame, createdAt: number): number {
  return Math.min(createdAt + 8 * MINUTE_MS, startedAt - MINUTE_MS);
}

/** The last moment of the attacker's newest session; what the user's own `last_active_at` becomes. */
export function attackLastActiveAt(frame: Omit<SessionFrame, 'lastActiveAt'>): number {
  const full = { ...frame, lastActiveAt: 0 };
  return attackActiveAt(full, attackCreatedAt(full, 0, frame.victim?.attackSessions ?? 1));
}

function attackStatus(frame: SessionFrame, index: number, total: number): SessionStatus {
  // "all their sessions are revoked": Clerk Backend API 2026-05-12, POST /users/{user_id}/ban.
  if (frame.isBanned) return 'revoked';
  return frame.victim?.hasPending === true && index === total - 1 ? 'pending' : 'active';
}

function attackActivity(
  { seed, user, from }: { readonly seed: number; readonly user: number; readonly from: Compromised['from'] },
  index: number,
): Activity {
  return {
    id: plainId('sess_activity', seed, STREAM.activityId, user, index),
    device: ATTACK_DEVICE,
    address: `${from.ipPrefix}.${1 + below(24, seed, STREAM.attackNetwork, user, index)}`,
    place: { city: from.city, country: from.country },
  };
}

function ownCreatedAt({ seed, user, lastActiveAt, victim, startedAt, compromised }: SessionFrame, own: number): number {
  const newest = victim === undefined ? lastActiveAt : attackBeganAt(startedAt, compromised) - HOUR_MS;
  const gap = Math.min(DAY_MS, OWN_SESSIONS_SPAN_MS / ownTotal(seed, user));
  return Math.floor(newest - (own + unit(seed, STREAM.sessionAt, user, own + 1000)) * gap) - 1;
}

function ownActiveAt(frame: SessionFrame, own: number, createdAt: number): number {
  const { seed, user, victim, lastActiveAt } = frame;
  if (own > 0) return createdAt + below(HOUR_MS, seed, STREAM.activity, user, own);
  if (victim === undefined) return lastActiveAt;
  // The owner is at work while the attacker is in: two countries within the hour, which nobody can travel.
  return lastActiveAt - 5 * MINUTE_MS - below(35 * MINUTE_MS, seed, STREAM.activity, user, own);
}

const ENDED = ['ended', 'expired', 'removed', 'replaced'] as const;

function ownStatus({ seed, user, isBanned, lastActiveAt, startedAt }: SessionFrame, own: number): SessionStatus {
  if (own >= ownLive(seed, user)) return ENDED[below(ENDED.length, seed, STREAM.sessionStatus, user, own)] ?? 'ended';
  if (isBanned) return 'revoked';
  return startedAt - lastActiveAt > LIVE_WITHIN_MS ? 'expired' : 'active';
}

function ownActivity(frame: SessionFrame, index: number, own: number): Activity | null {
  const { seed, user, role, compromised } = frame;
  // `latest_activity` is nullable: some ordinary sessions have none.
  if (role === 'innocent' && below(50, seed, STREAM.activity, user, own + 100) === 0) return null;
  const isTravelling = role === 'decoy' && own === 0;
  return {
    id: plainId('sess_activity', seed, STREAM.activityId, user, index),
    device: deviceAt(seed, user),
    address: isTravelling ? travelAddressAt(seed, user) : homeAddressAt(seed, user),
    place: isTravelling ? travelPlace(frame) : homeAt(seed, user, compromised.from.country),
  };
}

function travelPlace({ seed, user, decoyPosition, compromised }: SessionFrame): Place {
  if (decoyPosition === 0) return { city: compromised.from.city, country: compromised.from.country };
  return tripAt(seed, user);
}
