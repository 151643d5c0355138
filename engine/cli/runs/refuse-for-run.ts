import { RunbookError } from '../../errors.ts';
import { shellWord } from '../../ui/text.ts';
import type { OpenedRun } from './open-run.ts';

/** The run itself, out of time, is not a step. @throws E_STEP_STATE */
export function refuseForRun({ runId }: Pick<OpenedRun, 'runId'>, step: string, verb: string): void {
  if (step !== '') return;
  const words = verb === 'skip' ? 'skipped' : 'done by hand';
  throw new RunbookError({
    code: 'E_STEP_STATE',
    message: `The run itself ran out of time; it cannot be ${words}: its steps that are left would never have their turn`,
    hint: `runbook retry ${shellWord(runId)} goes on, runbook abort ${shellWord(runId)} --reason WHY ends it`,
  });
}
