// What changed since the drill started, folded from the mutations: the seeded population plus this is the world. Folding
// is in place and deterministic; replaying a world's file gives the same state.

import { unreachable } from '../../errors.ts';
import type { Json, JsonObject } from '../../json.ts';
import { isJsonObject, jsonEquals } from '../../json.ts';
import { sessionIndexOf } from '../population/ids.ts';
import type { Population } from '../population/population.ts';
import { isLive } from '../population/sessions.ts';
import { METADATA_KINDS, type MetadataKind, type MetadataPatch, type Mutation, type Ports } from './mutation.ts';

export type EffectKind =
  | 'banned'
  | 'unbanned'
  | 'locked'
  | 'unlocked'
  | 'password-set-compromised'
  | 'password-unset-compromised'
  | 'metadata-changed'
  | 'sessions-ended';

/** One thing that happened to a user. */
export interface Effect {
  readonly at: number;
  readonly kind: EffectKind;
  /** For `sessions-ended`. */
  readonly sessions?: number;
}

/** A request that asked for what was so already. */
export interface Repeat {
  readonly at: number;
  readonly type: Mutation['type'];
  readonly target: string;
}

export interface UserChange {
  banned?: boolean;
  /** `until: null` holds for ever; absent: not locked. */
  lock?: { readonly until: number | null };
  passwordCompromised?: boolean;
  metadata?: { [kind in MetadataKind]?: JsonObject };
  updatedAt: number;
  /** Sessions ended one by one, by index. */
  readonly endedAt: Map<number, number>;
  /** When all sessions that were still live ended at once. */
  allEndedAt?: number;
  readonly effects: Effect[];
}

export interface WorldState {
  readonly users: Map<number, UserChange>;
  readonly repeats: Repeat[];
  ports?: Ports;
}

export function emptyState(): WorldState {
  return { users: new Map(), repeats: [] };
}

/** Folds one mutation in. Ids that no user or session has are passed over. */
export function applyMutation(state: WorldState, population: Population, mutation: Mutation): void {
  switch (mutation.type) {
    case 'users.ban':
      for (const id of mutation.users) onUser(state, population, mutation, id, ban);
      return;
    case 'users.unban':
      for (const id of mutation.users) onUser(state, population, mutation, id, unban);
      return;
    case 'user.lock': {
      const { at, seconds, endSessions } = mutation;
      onUser(state, population, mutation, mutation.user, (context) => {
        const before = effectiveLock(context.change, at);
        context.change.lock = { until: seconds === null ? null : at + seconds * 1000 };
        const ended = endSessions && endAll(context);
        if (before === undefined) note(context, { at, kind: 'locked' });
        return before === undefined || ended;
      });
      return;
    }
    case 'user.unlock':
      onUser(state, population, mutation, mutation.user, (context) => {
        if (effectiveLock(context.change, mutation.at) === undefined) return false;
        delete context.change.lock;
        return note(context, { at: mutation.at, kind: 'unlocked' });
      });
      return;
    case 'password.set-compromised':
      onUser(state, population, mutation, mutation.user, (context) => {
        const ended = mutation.endSessions && endAll(context);
        if (context.change.passwordCompromised === true) return ended;
        context.change.passwordCompromised = true;
        return note(context, { at: mutation.at, kind: 'password-set-compromised' });
      });
      return;
    case 'password.unset-compromised':
      onUser(state, population, mutation, mutation.user, (context) => {
        if (context.change.passwordCompromised !== true) return false;
        context.change.passwordCompromised = false;
        return note(context, { at: mutation.at, kind: 'password-unset-compromised' });
      });
      return;
    case 'user.metadata':
      onUser(state, population, mutation, mutation.user, (context) => mergeMetadata(context, mutation.patch));
      return;
    case 'session.revoke':
      revoke(state, population, mutation);
      return;
    case 'world.served':
      state.ports = mutation.ports;
      return;
    default:
      unreachable(mutation);
  }
}

interface Context {
  readonly population: Population;
  readonly user: number;
  readonly change: UserChange;
  readonly at: number;
}

/** Runs `apply` on a user; where it changed nothing (false), the request is kept as a repeat and the user untouched. */
function onUser(
  state: WorldState,
  population: Population,
  { at, type }: Mutation,
  id: string,
  apply: (context: Context) => boolean,
): void {
  const user = population.indexOf(id);
  if (user === undefined) return;
  const change = state.users.get(user) ?? { updatedAt: at, endedAt: new Map(), effects: [] };
  if (!apply({ population, user, change, at })) {
    state.repeats.push({ at, type, target: id });
    return;
  }
  change.updatedAt = at;
  state.users.set(user, change);
}

function note({ change }: Context, effect: Effect): true {
  change.effects.push(effect);
  return true;
}

function ban(context: Context): boolean {
  const { population, user, change, at } = context;
  if (change.banned ?? population.isBannedAtStart(user)) return false;
  change.banned = true;
  note(context, { at, kind: 'banned' });
  endAll(context); // "all their sessions are revoked": Clerk Backend API 2026-05-12, POST /users/{user_id}/ban
  return true;
}

/** Lifts the mark; a session that the ban ended stays ended. */
function unban(context: Context): boolean {
  const { population, user, change, at } = context;
  if (!(change.banned ?? population.isBannedAtStart(user))) return false;
  change.banned = false;
  return note(context, { at, kind: 'unbanned' });
}

function endAll(context: Context): boolean {
  const { population, user, change, at } = context;
  const sessions = countLive(population, user, change);
  if (sessions === 0) return false;
  change.allEndedAt = at;
  return note(context, { at, kind: 'sessions-ended', sessions });
}

function revoke(state: WorldState, population: Population, mutation: Mutation & { type: 'session.revoke' }): void {
  const found = sessionIndexOf(population.seed, mutation.session);
  if (found === undefined || found.user >= population.size) return;
  const { user, index } = found;
  const change = state.users.get(user) ?? { updatedAt: mutation.at, endedAt: new Map(), effects: [] };
  if (endedAt(change, index) !== undefined || !isLive(population.sessionAt(user, index).status)) {
    state.repeats.push({ at: mutation.at, type: mutation.type, target: mutation.session });
    return;
  }
  change.endedAt.set(index, mutation.at);
  note({ population, user, change, at: mutation.at }, { at: mutation.at, kind: 'sessions-ended', sessions: 1 });
  // What moves a user's `updated_at` is silent; ours does not move for a session of theirs.
  if (!state.users.has(user)) change.updatedAt = population.lastActiveAt(user) ?? population.createdAt(user);
  state.users.set(user, change);
}

/** When a session ended in this drill; undefined where it did not. Only meaningful for sessions that were live. */
export function endedAt(change: UserChange | undefined, index: number): number | undefined {
  return change?.endedAt.get(index) ?? change?.allEndedAt;
}

/** Sessions of a user that are live now. */
export function countLive(population: Population, user: number, change: UserChange | undefined): number {
  if (change?.allEndedAt !== undefined) return 0;
  return population
    .sessionStatuses(user)
    .filter((status, index) => isLive(status) && change?.endedAt.has(index) !== true).length;
}

/** The lock that holds at `now`, if any. */
export function effectiveLock(change: UserChange | undefined, now: number): { until: number | null } | undefined {
  const lock = change?.lock;
  return lock !== undefined && (lock.until === null || lock.until > now) ? lock : undefined;
}

/** Metadata a user has before anything changed: only the decoys carry any, a hint for whoever looks. */
export function seededMetadata(population: Population, user: number, kind: MetadataKind): JsonObject {
  if (kind !== 'private_metadata' || population.roleOf(user) !== 'decoy') return {};
  return { travel: 'On a business trip, registered with the travel desk' };
}

export function metadataOf(
  population: Population,
  user: number,
  change: UserChange | undefined,
  kind: MetadataKind,
): JsonObject {
  return change?.metadata?.[kind] ?? seededMetadata(population, user, kind);
}

function mergeMetadata(context: Context, patch: MetadataPatch): boolean {
  const { population, user, change, at } = context;
  let isChanged = false;
  for (const kind of METADATA_KINDS) {
    const part = patch[kind];
    if (part === undefined) continue;
    const before = metadataOf(population, user, change, kind);
    const after = mergeDeep(before, part);
    if (jsonEquals(before, after)) continue;
    change.metadata = { ...change.metadata, [kind]: after };
    isChanged = true;
  }
  return isChanged && note(context, { at, kind: 'metadata-changed' });
}

/** Clerk Backend API 2026-05-12, PATCH /users/{user_id}/metadata: nested objects merge, `null` removes a key at any level. */
function mergeDeep(base: JsonObject, patch: JsonObject): JsonObject {
  const merged = new Map<string, Json>(Object.entries(base));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else if (isJsonObject(value)) {
      const inner = merged.get(key);
      merged.set(key, mergeDeep(isJsonObject(inner) ? inner : {}, value));
    } else merged.set(key, value);
  }
  return Object.fromEntries(merged);
}
