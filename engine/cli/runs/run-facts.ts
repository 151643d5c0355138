// What an ended run says of itself, for the score of its drill. Pure.
import type { RunFacts } from '../../drill/score.ts';
import { type WrittenStep, writtenSteps } from '../../report/written-steps.ts';
import { isContainer, type RunState, type StepState } from '../../run/state.ts';

export function runFactsOf(state: RunState): RunFacts {
  const steps = [...state.steps.values()].filter((step) => step.path !== '');
  const stepsSkipped = steps.filter(isLeftOut).map((step) => step.path);
  const stepsNotReached = [...steps.filter(isCutShort).map((step) => step.path), ...neverOpened(state)];
  const done = steps.filter(({ phase, kind }) => phase !== 'skipped' && !isContainer(kind));
  return {
    startedAt: Date.parse(state.createdAt),
    endedAt: Date.parse(state.endedAt ?? state.lastAt),
    outcome: state.outcome ?? 'aborted',
    ...(state.mitigatedAt === null ? {} : { containedAt: Date.parse(state.mitigatedAt) }),
    steps: done.length + stepsSkipped.length + stepsNotReached.length,
    stepsSkipped,
    stepsNotReached,
    approvalsMissed: steps.filter((step) => step.approval?.pending).map((step) => step.path),
    failedSteps: steps.filter((step) => step.phase === 'failed').map((step) => step.path),
  };
}

/** A step whose `when` did not hold was left out by nobody. */
function isLeftOut({ phase, skip }: StepState): boolean {
  return phase === 'skipped' && skip?.kind !== 'when' && skip?.kind !== 'abort';
}

/** Of what an abort cut short, its steps count and not the groups. */
function isCutShort({ phase, skip, kind }: StepState): boolean {
  return phase === 'skipped' && skip?.kind === 'abort' && !isContainer(kind);
}

/** Steps of an aborted run whose turn never came. What would not have applied cannot be told from what would. */
function neverOpened(state: RunState): readonly string[] {
  if (state.outcome !== 'aborted' || state.created === null) return [];
  const look = (steps: readonly WrittenStep[]): readonly string[] =>
    steps.flatMap(({ path, inside, isLoop }) => {
      const step = state.steps.get(path);
      const wasCut = step === undefined || step.phase !== 'skipped' || step.skip?.kind === 'abort';
      // Of a loop that was entered the instances have their own steps; what is left of it counts as one.
      if (isLoop && step !== undefined) return step.skip?.kind === 'abort' ? [path] : [];
      if (inside.length > 0) return wasCut ? look(inside) : [];
      return step === undefined ? [path] : [];
    });
  return look(writtenSteps(state.created));
}
