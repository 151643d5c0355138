// A person's decision about a step, from the command line; then the run goes on.
import { RunbookError } from '../../errors.ts';
import { openChangesOf } from '../../run/change-views.ts';
import { mayRedo } from '../../run/evolve-turns.ts';
import { isInside, isUndoPath } from '../../run/paths.ts';
import { isContainer, type RunState, type StepPhase, type StepState } from '../../run/state.ts';
import { openOutcomeLines } from '../../ui/open-outcomes.ts';
import type { App, CommonOptions } from '../app.ts';
import { continueRun } from '../runs/continue-run.ts';
import { editedInputs } from '../runs/edited-inputs.ts';
import { findStep } from '../runs/find-step.ts';
import { givenOutput, outputText } from '../runs/given-output.ts';
import { requireFree } from '../runs/held-by.ts';
import { openRun } from '../runs/open-run.ts';
import { refuseForRun } from '../runs/refuse-for-run.ts';

interface DecideOptions extends CommonOptions {
  readonly reason?: string;
  readonly plain?: boolean;
}

export async function retry(
  app: App,
  run: string,
  given: string | undefined,
  options: DecideOptions & { readonly input?: readonly string[]; readonly inputs?: string },
): Promise<number> {
  const opened = await openRun(app, run);
  const step = findStep(opened, { given, isMeant: isStopped, what: 'is stopped' });
  await requireFree(opened.journal, opened.runId, app.clock.now());
  const inputs = await editedInputs(app, opened, step, options);
  const reason = options.reason ?? 'retried from the command line';
  const first = ({ state }: { readonly state: RunState }) => {
    const mayRetry = (own: StepState): boolean => isStopped(own) || mayRedo(state, own);
    requireStep(state, step, mayRetry, 'retry');
    const data = { reason, by: app.operator, ...(inputs === undefined ? {} : { inputs }) };
    return [{ type: 'step.reopened', actor: `person:${app.operator}`, step, data } as const];
  };
  return continueRun(app, opened, options, { first, ...onlyUndo(opened, step) });
}

/**
 * What may be skipped. The lease is ours by then, so nobody works on the step: one that is `attempting` was cut off by a
 * crash, and one between attempts or polls only waits.
 */
const UNFINISHED: readonly StepPhase[] = ['open', 'attempting', 'retrying', 'polling', 'stopped'];

export async function skip(
  app: App,
  run: string,
  given: string | undefined,
  options: DecideOptions & { readonly reason: string; readonly output?: string },
): Promise<number> {
  const opened = await openRun(app, run);
  const step = findStep(opened, { given, isMeant: isSkippable, what: 'can be skipped' });
  refuseForRun(opened, step, 'skip');
  // Before anything is said that would not hold.
  await requireFree(opened.journal, opened.runId, app.clock.now());
  const output = await givenOutput(app, opened, step, options.output);
  const text = `${app.operator}: ${options.reason}`;
  const first = ({ state }: { readonly state: RunState }) => {
    requireStep(state, step, isSkippable, 'skip');
    const data = { reason: { kind: 'person', text }, ...output } as const;
    return [{ type: 'step.skipped', actor: `person:${app.operator}`, step, data } as const];
  };
  const needed = outputText(opened.runId, step, output);
  if (needed !== null) app.terminal.tell(needed);
  const open = openChangesOf(opened.state).filter((change) => change.step === step || isInside(change.step, step));
  for (const line of openOutcomeLines(opened.runId, open)) app.terminal.tell(line);
  return continueRun(app, opened, options, { first, ...onlyUndo(opened, step) });
}

/** A group that ran out of time can be given up as a whole; of one under way, its steps. */
function isSkippable(step: StepState): boolean {
  return UNFINISHED.includes(step.phase) && (!isContainer(step.kind) || step.phase === 'stopped');
}

function isStopped(step: StepState): boolean {
  return step.phase === 'stopped';
}

/** A step of an undo is decided about within the undo: the run itself is left as it stands. */
function onlyUndo({ state }: { readonly state: RunState }, step: string): { readonly endsWithUndo?: true } {
  return isUndoPath(step) && state.undo?.cause === 'operator' ? { endsWithUndo: true } : {};
}

/** @throws E_STEP_STATE */
export function requireStep(state: RunState, path: string, fits: (step: StepState) => boolean, verb: string): void {
  const step = state.steps.get(path);
  if (step && fits(step)) return;
  const isOpenGroup = step !== undefined && isContainer(step.kind) && step.phase === 'open';
  const message = !step
    ? `The run has not come to ${path} yet`
    : isOpenGroup
      ? `${path} holds other steps; name one of them`
      : `Cannot ${verb} ${path}: it is ${step.phase}`;
  throw new RunbookError({ code: 'E_STEP_STATE', message, hint: stateHint(step, verb) });
}

function stateHint(step: StepState | undefined, verb: string): string {
  if (step?.phase === 'wanting') return 'Give its output: runbook done RUN STEP --output JSON';
  if (verb === 'retry' && step?.phase === 'done')
    return 'A step that is done is done again only where its changes were taken back (runbook undo) and its group is open';
  return 'runbook status shows the steps';
}
