// What happened to one user since the drill started.
import type { JsonObject } from '../../json.ts';

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

/** A session that began during the drill; its index follows those of the population. */
export interface BegunSession {
  readonly at: number;
  readonly from: 'attacker' | 'home';
  readonly status: 'active' | 'pending';
}

export interface UserChange {
  banned?: boolean;
  /** `until: null` holds for ever; absent: not locked. */
  lock?: { readonly until: number | null };
  passwordCompromised?: boolean;
  metadata?: { [kind in MetadataKind]?: JsonObject };
  profile?: { readonly firstName?: string; readonly lastName?: string };
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
