// STEP on a command line: a path, the path of one instance (`each[3]/ban`), or an id where it means one step. Left out, it
// is the only one that the command can be about.
import { RunbookError } from '../../errors.ts';
import { didYouMean, listed } from '../../playbook/suggest.ts';
import { idOf, nodeAt, staticPath } from '../../run/paths.ts';
import type { StepState } from '../../run/state.ts';
import type { OpenedRun } from './open-run.ts';

export interface StepQuery {
  readonly given: string | undefined;
  /** What the command can be about; among steps of one id these are meant. */
  readonly isMeant: (step: StepState) => boolean;
  /** The end of `No step of this run …`, where none is meant: `waits for an approval`. */
  readonly what: string;
}

/**
 * @returns a path that has had its turn, or that the plan has. '' is the run itself, out of time.
 * @throws E_USAGE where none is given and none or several are meant; E_STEP_UNKNOWN, E_STEP_AMBIGUOUS
 */
export function findStep(opened: Pick<OpenedRun, 'plan' | 'state'>, query: StepQuery): string {
  const { plan, state } = opened;
  const { given, isMeant } = query;
  if (given === undefined) return onlyMeant(opened, query);
  if (given !== '' && state.steps.has(given)) return given;
  const named = [...state.steps.values()].filter((step) => step.path !== '' && isNamed(step.path, given));
  const meant = named.filter(isMeant);
  const [only] = meant.length > 0 ? meant : named;
  if (only !== undefined && (meant.length === 1 || named.length === 1)) return only.path;
  if (only !== undefined) throw ambiguous(given, meant.length > 0 ? meant : named);
  if (given !== '' && !given.includes('[]') && nodeAt(plan, given)) return given;
  const known = [...plan.nodes.keys()].filter((path) => path !== '');
  const later = known.filter((path) => isNamed(path, given));
  const [one] = later;
  if (one !== undefined && later.length === 1) return one;
  throw new RunbookError({
    code: 'E_STEP_UNKNOWN',
    message: `The playbook ${plan.name} has no step ${given}`,
    hint: didYouMean(given, [...known, ...known.map(idOf)], `The steps are ${listed(known)}`),
  });
}

function onlyMeant({ state }: Pick<OpenedRun, 'state'>, { isMeant, what }: StepQuery): string {
  const open = [...new Set([...state.stopped, ...state.openSteps])];
  const meant = open.filter((path) => {
    const step = state.steps.get(path);
    return step !== undefined && isMeant(step);
  });
  // What failed comes before what waits for its turn.
  const stopped = meant.filter((path) => state.stopped.has(path));
  const [only] = stopped.length === 1 ? stopped : meant;
  if (only !== undefined && (stopped.length === 1 || meant.length === 1)) return only;
  throw new RunbookError({
    code: 'E_USAGE',
    message: meant.length === 0 ? `No step of this run ${what}` : `More than one step of this run ${what}`,
    hint: meant.length === 0 ? 'runbook status shows how it stands' : `Name one: ${meant.join(', ')}`,
  });
}

/** By its path without the numbers of instances, by the end of its path, or by its id. */
function isNamed(path: string, given: string): boolean {
  const at = staticPath(path);
  return at === given || path.endsWith(`/${given}`) || at.endsWith(`/${given}`) || idOf(path) === given;
}

function ambiguous(given: string, steps: readonly StepState[]): RunbookError {
  return new RunbookError({
    code: 'E_STEP_AMBIGUOUS',
    message: `${given} fits ${steps.length} steps of this run`,
    hint: `Name one by its path: ${listed(steps.map((step) => step.path))}`,
  });
}
