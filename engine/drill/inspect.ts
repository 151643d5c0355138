// The world's own account of itself, independent of any run: what scores and tests compare with what a run says.
import type { Role } from './population/attack.ts';
import type { Population } from './population/population.ts';
import { isLive } from './population/sessions.ts';
import type { Repeat } from './state/fold.ts';
import { countLive, endedAt } from './state/sessions.ts';
import type { WorldState } from './state/state.ts';
import type { Effect } from './state/user-change.ts';
import { effectiveLock } from './state/users.ts';

export interface UserFacts {
  readonly id: string;
  readonly role: Role;
  readonly bannedAtStart: boolean;
  readonly banned: boolean;
  readonly locked: boolean;
  readonly passwordCompromised: boolean;
  /** Sessions in status active or pending. */
  readonly liveSessionsAtStart: number;
  readonly liveSessions: number;
  /** When the last session that ended in this drill ended, milliseconds since 1970; null where none did. */
  readonly lastSessionEndedAt: number | null;
  readonly effects: readonly Effect[];
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
}

export function inspectUser(population: Population, state: WorldState, user: number, now: number): UserFacts {
  const change = state.users.get(user);
  let lastEndedAt: number | null = null;
  let liveAtStart = 0;
  for (const [index, status] of population.sessionStatuses(user).entries()) {
    if (!isLive(status)) continue;
    liveAtStart += 1;
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
    liveSessionsAtStart: liveAtStart,
    liveSessions: countLive(population, user, change),
    lastSessionEndedAt: lastEndedAt,
    effects: change?.effects.slice() ?? [],
  };
}

export function inspectWorld(options: {
  readonly population: Population;
  readonly state: WorldState;
  readonly worldId: string;
  readonly scenario: string;
  readonly startedAt: number;
  readonly now: number;
}): WorldFacts {
  const { population, state, worldId, scenario, startedAt, now } = options;
  const concerned = new Set([...population.compromised, ...population.decoys, ...state.users.keys()]);
  return {
    worldId,
    scenario,
    seed: population.seed,
    startedAt,
    users: population.size,
    concerned: [...concerned].sort((a, b) => a - b).map((user) => inspectUser(population, state, user, now)),
    repeats: state.repeats.slice(),
  };
}
