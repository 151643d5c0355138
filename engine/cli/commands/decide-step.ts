// A person's decision about a step, from the command line; then the run goes on.
import { RunbookError } from '../../errors.ts';
import { didYouMean } from '../../playbook/suggest.ts';
import type { RunState, StepPhase } from '../../run/state.ts';
import type { App, CommonOptions } from '../app.ts';
import { continueRun } from '../continue-run.ts';
import { openRun } from '../open-run.ts';

interface DecideOptions extends CommonOptions {
  readonly reason?: string;
  readonly plain?: boolean;
}

export async function retry(app: App, run: string, step: string, options: DecideOptions): Promise<number> {
  const reason = options.reason ?? 'retried from the command line';
  return continueRun(app, await openRun(app, run), options, ({ state }) => {
    requireStep(state, step, ['stopped'], 'retry');
    return [{ type: 'step.reopened', actor: `person:${app.operator}`, step, data: { reason, by: app.operator } }];
  });
}

/**
 * What may be skipped. The lease is ours by then, so nobody works on the step: one that is `attempting` was cut off by a
 * crash, and one between attempts or polls only waits.
 */
const UNFINISHED: readonly StepPhase[] = ['open', 'attempting', 'retrying', 'polling', 'stopped'];

export async function skip(
  app: App,
  run: string,
  step: string,
  options: DecideOptions & { readonly reason: string },
): Promise<number> {
  return continueRun(app, await openRun(app, run), options, ({ state }) => {
    requireStep(state, step, UNFINISHED, 'skip');
    const text = `${app.operator}: ${options.reason}`;
    return [
      { type: 'step.skipped', actor: `person:${app.operator}`, step, data: { reason: { kind: 'person', text } } },
    ];
  });
}

function requireStep(state: RunState, path: string, phases: readonly StepPhase[], verb: string): void {
  const step = state.steps.get(path);
  if (step && step.kind !== 'group' && phases.includes(step.phase)) return;
  const hint = step ? undefined : didYouMean(path, state.steps.keys(), 'runbook status shows the steps');
  const message = !step
    ? `The run has not come to a step ${path}`
    : step.kind === 'group'
      ? `${path} is a group; name one of its steps`
      : `Cannot ${verb} ${path}: it is ${step.phase}`;
  throw new RunbookError({ code: 'E_STEP_STATE', message, hint });
}
