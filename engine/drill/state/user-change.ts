// What happened to one user since the drill started.
import type { JsonObject } from '../../json.ts';
import type { BegunSession } from '../population/sessions.ts';

export const METADATA_KINDS = ['public_metadata', 'private_metadata', 'unsafe_metadata'] as const;
export type MetadataKind = (typeof METADATA_KINDS)[number];

export type EffectKind =
  | 'banned'
  | 'unbanned'
  | 'locked'
  | 'unlocked'
  | 'password-set-compromised'
  | 'password-unset-compromised'
  | 'metadata-changed'
  | 'sessions-ended'
  | 'second-factor-removed'
  | 'second-factor-restored'
  | 'credential-removed'
  | 'trusted-device-removed'
  | 'api-key-revoked'
  | 'profile-changed'
  | 'deleted';

/** One thing that responders did to a user. */
export interface Effect {
  readonly at: number;
  readonly kind: EffectKind;
  /** For `sessions-ended`. */
  readonly sessions?: number;
  /** What it was about, where that is not the user alone: the id of a credential, a key, a device. */
  readonly target?: string;
}

/** A user who signed up during the drill. What is absent is as the seed draws it for the index. */
export interface SignUp {
  /** Rises strictly from one to the next, so that creation order is the index's order. */
  readonly createdAt: number;
  readonly email?: string;
  readonly firstName?: string;
  readonly lastName?: string;
}

export interface UserChange {
  banned?: boolean;
  /** `until: null` holds for ever; absent: not locked. */
  lock?: { readonly until: number | null };
  passwordCompromised?: boolean;
  metadata?: { [kind in MetadataKind]?: JsonObject };
  profile?: { readonly firstName?: string; readonly lastName?: string };
  /** When they were last seen, where that is during the drill. */
  lastActiveAt?: number;
  deletedAt?: number;
  updatedAt: number;
  /** Sessions ended one by one, by index. */
  readonly endedAt: Map<number, number>;
  /** Sessions begun during the drill, in order. */
  readonly begun: BegunSession[];
  /** When all sessions that were still live ended at once; those begun later are not among them. */
  allEnded?: { readonly at: number; readonly sessions: number };
  readonly effects: Effect[];
}

export function emptyChange(updatedAt: number): UserChange {
  return { updatedAt, endedAt: new Map(), begun: [], effects: [] };
}

/** The lock that holds at `now`, if any. */
export function effectiveLock(change: UserChange | undefined, now: number): { until: number | null } | undefined {
  const lock = change?.lock;
  return lock !== undefined && (lock.until === null || lock.until > now) ? lock : undefined;
}
