import { RunbookError } from '../../errors.ts';
import { approvalProblem } from '../../run/approvals.ts';
import type { RunState } from '../../run/state.ts';
import { approvalLines } from '../../ui/approval-lines.ts';
import { oneLine } from '../../ui/text.ts';
import type { App, CommonOptions } from '../app.ts';
import { approvalDetailLines, type PendingApproval } from '../approval-details.ts';
import { EXIT } from '../exit-codes.ts';
import { type OpenedRun, openRun } from '../open-run.ts';
import { confirm, requireKnownStep, say } from '../speak.ts';

interface ApproveOptions extends CommonOptions {
  readonly role?: string;
  readonly note?: string;
  /** Does not ask at a terminal. */
  readonly yes?: boolean;
}

export async function approve(
  app: App,
  run: string,
  given: string | undefined,
  options: ApproveOptions,
): Promise<number> {
  const opened = await openRun(app, run);
  const step = given ?? onlyWaiting(opened);
  requireKnownStep(opened, step);
  const pending = opened.state.steps.get(step)?.approval?.pending;
  const by = app.operator;
  const problem = (state: RunState): string | null => {
    const now = state.steps.get(step)?.approval;
    if (!now?.pending) return settledText(state, step);
    // What this person saw and what stands there now must be the same request.
    if (now.pending.request !== pending?.request) return `${step} asks for something else by now: look at it again`;
    return approvalProblem(state, step, { name: by, role: options.role });
  };
  const isAsked = app.terminal.isInteractive && !app.isJson && options.yes !== true;
  if (pending && isAsked && problem(opened.state) === null && !(await isConfirmed(app, opened, pending))) {
    app.terminal.print('Nothing was approved.');
    return EXIT.waiting;
  }
  const role = options.role === undefined ? {} : { role: options.role };
  const note = options.note === undefined ? {} : { note: options.note };
  const events = await say(
    opened,
    {
      type: 'approval.given',
      actor: `person:${by}`,
      step,
      data: { request: pending?.request ?? 0, by, ...role, ...note },
    },
    problem,
  );
  const what = pending ? approvalLines(pending, 0)[0] : undefined;
  await confirm(app, opened, `Approved by ${by}: ${step}${what === undefined ? '' : ` (${what})`}.`, events);
  return EXIT.done;
}

/** Shows what is about to change, and asks. */
async function isConfirmed(app: App, { state }: OpenedRun, request: PendingApproval): Promise<boolean> {
  const { print, palette } = app.terminal;
  print(palette.attention(`${oneLine(state.created?.title ?? state.created?.playbook.title ?? '')}`));
  for (const line of approvalDetailLines(request)) print(`  ${line}`);
  const { confirm: askConfirm } = await import('@inquirer/prompts');
  return askConfirm({ message: 'Approve this?', default: false });
}

function settledText(state: RunState, step: string): string {
  const known = state.steps.get(step);
  const votes = known?.approval?.votes ?? [];
  if (votes.length > 0) return `${step} was approved already, by ${votes.map((vote) => vote.by).join(', ')}`;
  return known ? `${step} does not wait for an approval` : `The run has not come to ${step} yet`;
}

function onlyWaiting({ state }: OpenedRun): string {
  const waiting = [...state.openSteps].filter((path) => state.steps.get(path)?.approval?.pending);
  const [only] = waiting;
  if (only !== undefined && waiting.length === 1) return only;
  throw new RunbookError({
    code: 'E_USAGE',
    message:
      waiting.length === 0 ? 'No step of this run waits for an approval' : 'More than one step waits for an approval',
    hint: waiting.length === 0 ? undefined : `Name one: ${waiting.join(', ')}`,
  });
}
