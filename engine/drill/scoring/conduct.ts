// How the work was done: whom it touched without need, how long it took, what was left out.
import { atLeastEach, COSTS, durationText, perInstance, timeText } from './costs.ts';
import type { Collateral, Deduction, Missed, RunFacts, Topic } from './facts.ts';
import type { Success } from './spec.ts';

export function collateralDeductions(collateral: readonly Collateral[]): readonly Deduction[] {
  if (collateral.length === 0) return [];
  return [
    {
      topic: 'collateral',
      points: perInstance(COSTS.collateral, collateral.length),
      reason: collateralText(collateral),
      evidence: collateral.map(
        ({ user, role, effects }) => `${user}${role === 'decoy' ? ' (travelling)' : ''}: ${effects.join(', ')}`,
      ),
      read: 'the step of the playbook that confirms whom to act on',
    },
  ];
}

function collateralText(collateral: readonly Collateral[]): string {
  const owners = collateral.filter(({ role }) => role === 'compromised').length;
  const innocent = collateral.length - owners;
  const parts = [
    ...(innocent === 0 ? [] : [`${innocent} innocent ${innocent === 1 ? 'user was' : 'users were'} touched`]),
    ...(owners === 0
      ? []
      : [`${owners} compromised ${owners === 1 ? 'user' : 'users'} lost what was their own before the attack`]),
  ];
  return parts.join(', ');
}

export function timeDeductions(
  times: { readonly contain: number | null; readonly restore: number | null },
  { containWithinSeconds, restoreWithinSeconds }: Success,
): readonly Deduction[] {
  const late = (took: number | null, seconds: number, what: string, evidence: string): readonly Deduction[] =>
    took === null || took <= seconds * 1000
      ? []
      : [
          {
            topic: 'time',
            points: COSTS.slow,
            reason: `${what} after ${durationText(took)}, later than ${durationText(seconds * 1000)}`,
            evidence: [`${evidence} ${durationText(took)} after the start`],
            read: "the run's report: its timeline shows what the time went into",
          },
        ];
  return [
    ...late(times.contain, containWithinSeconds, 'Contained', 'the last compromised session ended'),
    ...late(times.restore, restoreWithinSeconds, 'Restored', 'the app was well again'),
  ];
}

export function claimDeductions(
  run: RunFacts,
  containedAt: number | null,
  missed: readonly Missed[],
): readonly Deduction[] {
  if (run.containedAt === undefined) return [];
  const stillLive = missed.some((user) => user.liveSessions > 0);
  if (!stillLive && (containedAt === null || run.containedAt >= containedAt)) return [];
  const truth = containedAt === null ? 'a session is still live' : `the last session ended at ${timeText(containedAt)}`;
  return [
    {
      topic: 'claim',
      points: COSTS.wrongClaim,
      reason: 'Called contained before it was',
      evidence: [`said at ${timeText(run.containedAt)}; ${truth}`],
      read: 'the step of the playbook that is marked mitigates',
    },
  ];
}

export function stepDeductions(run: RunFacts): readonly Deduction[] {
  const deduct = (items: readonly string[], topic: Topic, points: number, reason: string, read: string): Deduction[] =>
    items.length === 0 ? [] : [{ topic, points, reason, evidence: items, read }];
  const steps = (items: readonly string[]): string => `${items.length} ${items.length === 1 ? 'step' : 'steps'}`;
  const { stepsSkipped, stepsNotReached, failedSteps, approvalsMissed = [] } = run;
  const undone = (items: readonly string[]): number => atLeastEach(COSTS.undoneStep, items.length, run.steps);
  const see = (items: readonly string[]): string => `of the playbook: ${items.slice(0, 3).join(', ')}`;
  return [
    ...deduct(stepsSkipped, 'skipped', undone(stepsSkipped), `${steps(stepsSkipped)} skipped`, see(stepsSkipped)),
    ...deduct(
      stepsNotReached,
      'unreached',
      undone(stepsNotReached),
      `${steps(stepsNotReached)} never reached: the run was aborted`,
      see(stepsNotReached),
    ),
    ...deduct(
      failedSteps,
      'failed',
      perInstance(COSTS.failedStep, failedSteps.length),
      `${steps(failedSteps)} failed`,
      see(failedSteps),
    ),
    ...deduct(
      approvalsMissed,
      'approvals',
      perInstance(COSTS.approval, approvalsMissed.length),
      `${steps(approvalsMissed)} waited for an approval that nobody gave in time`,
      see(approvalsMissed),
    ),
  ];
}
