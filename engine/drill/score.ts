// The score of a drill: what the world says happened, what the run says of itself, and points for both. Pure.
import type { UserFacts, WorldFacts } from './inspect.ts';
import { claimDeductions, collateralDeductions, stepDeductions, timeDeductions } from './scoring/conduct.ts';
import type { InEffect, RunFacts, Score } from './scoring/facts.ts';
import { ALL_REQUIREMENTS, outcomeDeductions } from './scoring/outcome.ts';
import type { Success } from './scoring/spec.ts';

export type { RunFacts, Score } from './scoring/facts.ts';
export { inWorldTime } from './scoring/facts.ts';
export { renderScore } from './scoring/render.ts';

export function scoreDrill(world: WorldFacts, run: RunFacts, success: Success): Score {
  const { requires = ALL_REQUIREMENTS } = success;
  const isContainmentAsked = requires.includes('sessions');
  const compromised = world.concerned.filter((user) => user.role === 'compromised');
  const missed = compromised
    .map((user) => ({ ...user, canSignIn: user.canSignIn ?? !user.banned }))
    .filter(
      ({ liveSessions, canSignIn }) =>
        (requires.includes('sessions') && liveSessions > 0) || (requires.includes('sign-in') && canSignIn),
    )
    .map(({ id, liveSessions, banned, canSignIn }) => ({ user: id, liveSessions, banned, canSignIn }));
  const collateral = world.concerned
    .map((user) => ({ user: user.id, role: user.role, effects: needless(user) }))
    .filter(({ effects }) => effects.length > 0);
  const containedAt = containmentTime(compromised);
  const timeToContainMs = containedAt === null ? null : Math.max(0, containedAt - world.startedAt);
  const timeToRestoreMs = restoreTime(world);
  const outcome = outcomeDeductions({ world, missed, total: compromised.length }, requires);
  const left = outcome.filter(({ topic }) => topic !== 'sessions' && topic !== 'sign-in');
  const deductions = [
    ...outcome,
    ...collateralDeductions(collateral),
    ...timeDeductions({ contain: isContainmentAsked ? timeToContainMs : null, restore: timeToRestoreMs }, success),
    ...(isContainmentAsked ? claimDeductions(run, containedAt, missed) : []),
    ...stepDeductions(run),
  ];
  const points = Math.max(0, 100 - deductions.reduce((sum, deduction) => sum + deduction.points, 0));
  return {
    points,
    passMark: success.passMark,
    passed:
      run.outcome === 'done' &&
      points >= success.passMark &&
      missed.length <= success.maxMissed &&
      left.length === 0 &&
      collateral.length <= success.maxCollateral,
    outcome: run.outcome,
    compromised: compromised.length,
    containedAt,
    timeToContainMs,
    timeToRestoreMs,
    missed,
    left: Object.fromEntries(left.map(({ topic, evidence }) => [topic, evidence])),
    collateral,
    skipped: run.stepsSkipped,
    stillInEffect: world.concerned.flatMap(inEffect),
    deductions,
  };
}

/** Users without a live session, at the start and ever after, have nothing to contain. */
function containmentTime(compromised: readonly UserFacts[]): number | null {
  if (compromised.some((user) => user.liveSessions > 0)) return null;
  const ends = compromised.map((user) => user.lastSessionEndedAt).filter((end) => end !== null);
  return ends.length === 0 ? null : Math.max(...ends);
}

/** From when it was found unwell; trouble that was there at the start counts from there. */
function restoreTime({ app, startedAt }: WorldFacts): number | null {
  if (app === undefined || app.downSince === null || app.restoredAt === null) return null;
  return Math.max(0, app.restoredAt - Math.max(startedAt, app.downSince));
}

/** To innocent users anything is; to compromised ones what took from them what was theirs before the attack. */
function needless(user: UserFacts): readonly string[] {
  if (user.role === 'compromised') return (user.ownRemoved ?? []).map((one) => `lost their own ${one}`);
  return user.effects.map(({ kind, sessions }) => (sessions === undefined ? kind : `${kind} (${sessions})`));
}

function inEffect(user: UserFacts): readonly InEffect[] {
  const held: InEffect[] = [];
  if (user.banned && !user.bannedAtStart) held.push({ user: user.id, what: 'ban' });
  if (user.locked) held.push({ user: user.id, what: 'lock' });
  if (user.passwordCompromised) held.push({ user: user.id, what: 'password-compromised' });
  return held;
}
