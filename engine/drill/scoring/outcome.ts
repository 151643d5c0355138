// What is left undone in the world when a drill ends: each as a deduction of its own, for exactly that.
import type { WorldFacts } from '../inspect.ts';
import { COSTS, perInstance, share } from './costs.ts';
import type { Deduction, Missed } from './facts.ts';
import type { Requirement } from './spec.ts';

interface Ground {
  readonly world: WorldFacts;
  readonly missed: readonly Missed[];
  /** How many users are compromised. */
  readonly total: number;
}

type Check = (ground: Ground) => readonly Deduction[];

const CHECKS: { readonly [requirement in Requirement]: Check } = {
  sessions: ({ missed, total }) => {
    const live = missed.filter((user) => user.liveSessions > 0);
    return part(live.length, {
      topic: 'sessions',
      points: share(COSTS.liveSessions, live.length, total),
      reason: `${live.length} of ${total} compromised users still have live sessions`,
      evidence: live.map(({ user, liveSessions }) => `${user}: ${liveSessions} live`),
      read: 'runbook actions show clerk.revoke-sessions',
    });
  },
  'sign-in': ({ missed, total }) => {
    const open = missed.filter((user) => user.canSignIn);
    return part(open.length, {
      topic: 'sign-in',
      points: share(COSTS.signIn, open.length, total),
      reason: `${open.length} of ${total} compromised users can still sign in`,
      evidence: open.map(({ user, banned }) => `${user}: ${banned ? 'banned' : 'not banned'}`),
      read: 'runbook actions show clerk.ban-users',
    });
  },
  'api-keys': ({ world }) => {
    const keys = world.keys?.attackerApiKeys ?? [];
    const left = keys.filter(({ revokedAt }) => revokedAt === null);
    return part(left.length, {
      topic: 'api-keys',
      points: share(COSTS.apiKeys, left.length, keys.length),
      reason: `${left.length} of ${keys.length} API keys that the attacker made still work`,
      evidence: left.map(({ id, subject }) => `${id} of ${subject}`),
      read: 'runbook actions show clerk.revoke-api-keys',
    });
  },
  credentials: ({ world }) => {
    const left = world.attackerCredentials ?? [];
    return part(left.length, {
      topic: 'credentials',
      points: share(COSTS.credentials, left.length, world.attackerCredentialsEver ?? left.length),
      reason: `${left.length} of ${world.attackerCredentialsEver ?? left.length} ways to sign in that the attacker added are left`,
      evidence: left.map(({ id, user, kind, value }) => `${user}: ${kind} ${value} (${id})`),
      read: 'runbook actions show clerk.remove-credentials',
    });
  },
  'exposed-key': ({ world }) =>
    part(world.keys?.exposedKey?.isStillValid === true ? 1 : 0, {
      topic: 'exposed-key',
      points: COSTS.exposedKey,
      reason: 'The secret key that the attacker has is still accepted',
      evidence: ['a request with it is answered'],
      read: 'runbook actions show clerk.rotate-secret-key',
    }),
  // Machines have tokens of their own right; where the secret key leaked nobody can tell whose they are.
  tokens: ({ world }) => {
    const { exposedKey = null, machineTokens, issuedTokens = [] } = world.keys ?? {};
    if (exposedKey === null || machineTokens === undefined) return [];
    const open = issuedTokens.filter(({ isUsed, revokedAt }) => !isUsed && revokedAt === null);
    const count = machineTokens.active + open.length;
    return part(count, {
      topic: 'tokens',
      points: share(COSTS.tokens, count, machineTokens.atStart + issuedTokens.length),
      reason: `${count} tokens that the leaked key could make still work`,
      evidence: [
        `${machineTokens.active} of ${machineTokens.atStart} tokens of machines`,
        ...open.map(({ id, kind, user }) => `${kind} token ${id} of ${user}`),
      ],
      read: 'runbook actions show clerk.revoke-machine-tokens',
    });
  },
  app: ({ world }) =>
    part((world.app?.trouble ?? null) === null ? 0 : 1, {
      topic: 'app',
      points: COSTS.appUnwell,
      reason: 'The app is not well',
      evidence: [world.app?.trouble ?? ''],
      read: 'docs/drills.md, What is scored',
    }),
  rows: ({ world }) => {
    const { missing = 0, stale = 0, orphans = 0 } = world.app?.table ?? {};
    const { atStart = 0, now: count = missing + stale + orphans } = world.app?.wrongRows ?? {};
    const late = missing + stale + orphans - count;
    return part(count, {
      topic: 'rows',
      // Where none was wrong at the start there is nothing to take a share of.
      points: atStart === 0 ? perInstance(COSTS.rows, count) : share(COSTS.rows, count, atStart),
      reason: `${count} rows of the app's user table disagree with Clerk${atStart === 0 ? '' : `, of ${atStart} at the start`}`,
      evidence: [
        `${missing} missing, ${stale} stale, ${orphans} of users who are gone`,
        ...(late === 0 ? [] : [`${late} of them wait for a message that is under way, and cost nothing`]),
      ],
      read: 'docs/drills.md, What is scored',
    });
  },
  bypass: ({ world }) =>
    part(world.app?.bypassOn === true ? 1 : 0, {
      topic: 'bypass',
      points: COSTS.bypassOn,
      reason: 'The emergency bypass is still on',
      evidence: [`${world.app?.bypassedRequests ?? 0} requests came in through it`],
      read: 'docs/drills.md, What is scored',
    }),
};

export const ALL_REQUIREMENTS = Object.keys(CHECKS) as readonly Requirement[]; // The table has exactly these keys.

export function outcomeDeductions(ground: Ground, requires: readonly Requirement[]): readonly Deduction[] {
  return requires.flatMap((requirement) => CHECKS[requirement](ground));
}

function part(count: number, deduction: Deduction): readonly Deduction[] {
  return count === 0 ? [] : [deduction];
}
