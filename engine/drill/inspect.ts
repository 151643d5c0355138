// The world's own account of itself, independent of any run: what scores and tests compare with what a run says.
import type { World } from './context.ts';
import { inspectKeys, type KeyFacts } from './key-facts.ts';
import type { Role } from './population/attack.ts';
import type { Population } from './population/population.ts';
import { isLive } from './population/sessions.ts';
import type { KeySpec } from './scenario.ts';
import type { AppFacts } from './services/facts.ts';
import { attackerCanSignIn, attackerCredentials } from './state/attacker.ts';
import { credentialsEverOf } from './state/credential-view.ts';
import type { Repeat } from './state/fold.ts';
import { countLive, endedAt } from './state/live-sessions.ts';
import type { WorldState } from './state/state.ts';
import { type Effect, effectiveLock } from './state/user-change.ts';

export interface UserFacts {
  readonly id: string;
  readonly role: Role;
  readonly bannedAtStart: boolean;
  readonly banned: boolean;
  readonly locked: boolean;
  readonly passwordCompromised: boolean;
  /** Whether the attacker can, now or when a lock for a time has run out. */
  readonly canSignIn?: boolean;
  /** Sessions in status active or pending. */
  readonly liveSessionsAtStart: number;
  readonly liveSessions: number;
  /** When the last session that ended in this drill ended, milliseconds since 1970; null where none did. */
  readonly lastSessionEndedAt: number | null;
  readonly effects: readonly Effect[];
  /** Ways in that were the user's own and that responders took away, in words. */
  readonly ownRemoved?: readonly string[];
}

/** What GET /__world/state answers. */
export interface WorldFacts {
  readonly worldId: string;
  readonly scenario: string;
  readonly seed: number;
  readonly startedAt: number;
  readonly users: number;
  /** All compromised users, all decoys, and every other user whom something was done to; oldest user first. */
  readonly concerned: readonly UserFacts[];
  /** Requests that asked for what was so already: a repeated revoke, a ban of a banned user. */
  readonly repeats: readonly Repeat[];
  /** Absent where the scenario names neither an app nor services. */
  readonly app?: AppFacts;
  readonly keys?: KeyFacts;
  /** Ways to sign in that the attacker added and nobody took away. */
  readonly attackerCredentials?: readonly {
    readonly user: string;
    readonly id: string;
    readonly kind: string;
    readonly value: string;
  }[];
  /** How many such there ever were. */
  readonly attackerCredentialsEver?: number;
}

export function inspectUser(population: Population, state: WorldState, user: number, now: number): UserFacts {
  const change = state.users.get(user);
  let lastEndedAt: number | null = null;
  let liveAtStart = 0;
  const seeded = population.sessionStatuses(user);
  const begun = change?.begun.map(({ status }) => status) ?? [];
  for (const [index, status] of [...seeded, ...begun].entries()) {
    if (!isLive(status)) continue;
    if (index < seeded.length) liveAtStart += 1;
    const ended = endedAt(change, index);
    if (ended !== undefined) lastEndedAt = Math.max(lastEndedAt ?? ended, ended);
  }
  const bannedAtStart = population.isBannedAtStart(user);
  return {
    id: population.idAt(user),
    role: population.roleOf(user),
    bannedAtStart,
    banned: change?.banned ?? bannedAtStart,
    locked: effectiveLock(change, now) !== undefined,
    passwordCompromised: change?.passwordCompromised ?? false,
    canSignIn: attackerCanSignIn({ population, state }, user),
    liveSessionsAtStart: liveAtStart,
    liveSessions: countLive(population, user, change),
    lastSessionEndedAt: lastEndedAt,
    effects: change?.effects.slice() ?? [],
    ownRemoved: ownRemoved({ population, state }, user),
  };
}

function ownRemoved(world: World, user: number): readonly string[] {
  const effects = world.state.users.get(user)?.effects ?? [];
  const removed = new Set(effects.flatMap(({ kind, target }) => (kind === 'credential-removed' ? [target] : [])));
  if (removed.size === 0) return [];
  return credentialsEverOf(world, user)
    .filter(({ id, by }) => removed.has(id) && (by === 'user' || by === 'world'))
    .map(({ id, kind, value }) => `${kind} ${value} (${id})`);
}

export function inspectWorld(options: {
  readonly population: Population;
  readonly state: WorldState;
  readonly worldId: string;
  readonly scenario: string;
  readonly startedAt: number;
  readonly keySpec: KeySpec;
  readonly now: number;
}): WorldFacts {
  const { population, state, worldId, scenario, startedAt, keySpec, now } = options;
  const withCredentials = [...new Set([...population.compromised, ...state.credentials.added.keys()])];
  const concerned = new Set([...population.compromised, ...population.decoys, ...state.users.keys()]);
  return {
    worldId,
    scenario,
    seed: population.seed,
    startedAt,
    users: population.size,
    concerned: [...concerned].sort((a, b) => a - b).map((user) => inspectUser(population, state, user, now)),
    repeats: state.repeats.slice(),
    attackerCredentialsEver: withCredentials.reduce(
      (sum, user) => sum + credentialsEverOf({ population, state }, user).filter(({ by }) => by === 'attacker').length,
      0,
    ),
    attackerCredentials: withCredentials.flatMap((user) =>
      attackerCredentials({ population, state }, user).map(({ id, kind, value }) => ({
        user: population.idAt(user),
        id,
        kind,
        value,
      })),
    ),
    keys: inspectKeys({ population, startedAt, spec: keySpec }, state.keys, now),
  };
}
