import { approvalProblem } from '../../run/approvals.ts';
import { roleTaken } from '../../run/roles.ts';
import type { RunState, StepState } from '../../run/state.ts';
import { approvalLines } from '../../ui/approval-lines.ts';
import { person } from '../../ui/person-words.ts';
import { oneLine } from '../../ui/text.ts';
import type { App, CommonOptions } from '../app.ts';
import { EXIT } from '../exit-codes.ts';
import { approvalDetailLines, type PendingApproval } from '../runs/approval-details.ts';
import { findStep } from '../runs/find-step.ts';
import { type OpenedRun, openRun } from '../runs/open-run.ts';
import { confirm, say } from '../runs/speak.ts';

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
  const isMeant = (one: StepState): boolean => one.approval?.pending != null;
  const step = findStep(opened, { given, isMeant, what: 'waits for an approval' });
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
  const role = roleTaken(opened.created.contacts, { role: options.role });
  const note = options.note === undefined ? {} : { note: options.note };
  const events = await say(
    opened,
    [
      {
        type: 'approval.given',
        actor: `person:${by}`,
        step,
        data: { request: pending?.request ?? 0, by, ...role, ...note },
      },
    ],
    problem,
  );
  const what = pending ? approvalLines(pending)[0] : undefined;
  await confirm(
    app,
    opened,
    `Approved by ${person({ by, ...role })}: ${step}${what === undefined ? '' : ` (${what})`}.`,
    events,
  );
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
