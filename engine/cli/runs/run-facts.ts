// What an ended run says of itself, for the score of its drill. Pure.
import type { RunFacts } from '../../drill/score.ts';
import { isContainer, type RunState, type StepState } from '../../run/state.ts';

export function runFactsOf(state: RunState): RunFacts {
  const steps = [...state.steps.values()].filter((step) => step.path !== '');
  return {
    startedAt: Date.parse(state.createdAt),
    endedAt: Date.parse(state.endedAt ?? state.lastAt),
    ...(state.mitigatedAt === null ? {} : { containedAt: Date.parse(state.mitigatedAt) }),
    stepsSkipped: steps.filter(isLeftOut).map((step) => step.path),
    approvalsMissed: steps.filter((step) => step.approval?.pending).map((step) => step.path),
    failedSteps: steps.filter((step) => step.phase === 'failed').map((step) => step.path),
  };
}

/** A step whose `when` did not hold was left out by nobody; of what an abort cut short, its steps count and not the groups. */
function isLeftOut({ phase, skip, kind }: StepState): boolean {
  if (phase !== 'skipped' || skip?.kind === 'when') return false;
  return skip?.kind !== 'abort' || !isContainer(kind);
}
