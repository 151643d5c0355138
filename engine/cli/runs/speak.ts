// What people say to a run from outside: appended without its lease, refused where somebody was first.
import { RunbookError } from '../../errors.ts';
import type { Draft, RunEvent } from '../../run/events.ts';
import { evolve } from '../../run/evolve.ts';
import type { RunState, StepState } from '../../run/state.ts';
import type { App } from '../app.ts';
import { nextLine } from './held-by.ts';
import type { OpenedRun } from './open-run.ts';

/**
 * Appends drafts if `problem` finds nothing against it in the state as it then is, inside the write transaction.
 * @throws E_ANSWER_REFUSED with what speaks against it; nothing was written then.
 */
export async function say(
  opened: OpenedRun,
  drafts: readonly Draft[],
  problem: (state: RunState) => string | null,
): Promise<readonly RunEvent[]> {
  const { journal, runId, state } = opened;
  const refuse = (): void => {
    const text = problem(state);
    if (text !== null) throw answerRefused(opened, text);
  };
  refuse();
  return journal.append({
    runId,
    since: state.seq,
    fence: null,
    drafts,
    check(since) {
      for (const event of since) evolve(state, event);
      refuse();
    },
  });
}

export function answerRefused({ runId }: Pick<OpenedRun, 'runId'>, message: string): RunbookError {
  return new RunbookError({ code: 'E_ANSWER_REFUSED', message, hint: `runbook status ${runId} shows how it stands` });
}

/** Says how a step stands where it takes no answer any more. */
export function notOpenProblem(step: StepState | undefined, path: string): string | null {
  if (!step) return `The run has not come to ${path} yet`;
  if (step.answer !== undefined) return `${path} was answered already, by ${step.answer.by}`;
  if (step.phase === 'done') return `${path} is done already${step.by === undefined ? '' : `, by ${step.by}`}`;
  if (step.phase === 'skipped') return `${path} was skipped: ${step.skip?.text ?? ''}`;
  if (step.phase !== 'open') return `${path} is ${step.phase}: ${step.error?.message ?? ''}`;
  return null;
}

export async function confirm(app: App, opened: OpenedRun, line: string, events: readonly RunEvent[]): Promise<void> {
  const next = await nextLine(opened.journal, opened.runId, app.clock.now());
  const last = events.at(-1);
  if (app.isJson) app.terminal.print(JSON.stringify({ run: opened.runId, event: last, next }));
  else app.terminal.print(opened.state.endedAt === null ? `${line}\n${next}` : line);
}
