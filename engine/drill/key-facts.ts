// What the world knows of its keys and tokens, for scores and tests.

import type { Json } from '../json.ts';
import type { WorldWords } from './answers.ts';
import type { WorldContext } from './context.ts';
import { applicationIdOf, firstKeyRefusedAt } from './keys.ts';
import { seededApiKeys } from './population/api-keys.ts';
import { type IssuedKind, issuedTokens } from './population/issued-tokens.ts';
import type { KeyGround } from './population/key-ground.ts';
import { machineTokens } from './population/machines.ts';
import type { KeyState } from './state/keys.ts';

export interface KeyFacts {
  /** API keys that the attacker made, before the drill or in it. */
  readonly attackerApiKeys: readonly {
    readonly id: string;
    /** The user's or the organization's id. */
    readonly subject: string;
    /** Milliseconds since 1970; null while it is accepted. */
    readonly revokedAt: number | null;
  }[];
  /** The instance's secret key, where the attacker has it; else null. */
  readonly exposedKey: {
    readonly isStillValid: boolean;
    /** Milliseconds since 1970; null where it is accepted still. */
    readonly refusedSince: number | null;
  } | null;
  /** Opaque tokens of machines: how many there were, how many verify. */
  readonly machineTokens: { readonly atStart: number; readonly active: number };
  /** What the app's own records hold: Clerk lists none of these. */
  readonly issuedTokens: readonly {
    readonly id: string;
    readonly kind: IssuedKind;
    readonly user: string;
    readonly isUsed: boolean;
    readonly revokedAt: number | null;
  }[];
}

export function inspectKeys(ground: KeyGround, state: KeyState, now: number): KeyFacts {
  const { population, spec } = ground;
  const revokedAt = (id: string): number | null => state.revoked.get(id)?.at ?? null;
  const seeded = population.compromised
    .slice(0, spec.addedByAttacker)
    .flatMap((user) => seededApiKeys(ground, population.idAt(user)).filter((key) => key.isAttackers));
  const added = state.apiKeys.filter((key) => key.by === 'attacker');
  const tokens = Array.from({ length: spec.machines }, (_, machine) => machineTokens(ground, machine)).flat();
  return {
    attackerApiKeys: [...seeded, ...added].map(({ id, subject }) => ({ id, subject, revokedAt: revokedAt(id) })),
    exposedKey: spec.isSecretKeyExposed ? exposedKey(state, now) : null,
    machineTokens: {
      atStart: tokens.length,
      active: tokens.filter(({ id }) => revokedAt(id) === null).length,
    },
    issuedTokens: (['sign-in', 'actor'] as const).flatMap((kind) =>
      issuedTokens(ground, kind).map(({ id, user, isUsed }) => ({ id, kind, user, isUsed, revokedAt: revokedAt(id) })),
    ),
  };
}

function exposedKey(state: KeyState, now: number): KeyFacts['exposedKey'] {
  const refusedAt = firstKeyRefusedAt(state);
  const isStillValid = refusedAt === null || now < refusedAt;
  return { isStillValid, refusedSince: isStillValid ? null : refusedAt };
}

/** What answers may name: the key that leaked, and what responders find in the app's own records. */
export function keyWords({ population, startedAt, scenario, keys, seed }: WorldContext): WorldWords {
  const spec = scenario.world.keys;
  const ground = { population, startedAt, spec };
  return new Map<string, Json>([
    ['$application', applicationIdOf(seed)],
    ['$instance', keys.instanceId],
    ['$signInTokens', issuedTokens(ground, 'sign-in').map(({ id }) => id)],
    ['$actorTokens', issuedTokens(ground, 'actor').map(({ id }) => id)],
    ...(spec.isSecretKeyExposed ? [['$exposedKey', keys.secretKey] as const] : []),
  ]);
}
