import { RunbookError } from '../../errors.ts';
import type { Draft } from '../../run/events.ts';
import { isUndoPath } from '../../run/paths.ts';
import type { RunSession } from '../../run/session.ts';
import type { RunState } from '../../run/state.ts';
import { startUndo, undoable } from '../../run/undo.ts';
import type { App, CommonOptions } from '../app.ts';
import { EXIT } from '../exit-codes.ts';
import { isConfirmed } from '../runs/confirm.ts';
import { type ContinueOptions, continueRun } from '../runs/continue-run.ts';
import { type LastWords, loadInverses } from '../runs/drive.ts';
import { findStep } from '../runs/find-step.ts';
import { requireFree } from '../runs/held-by.ts';
import { type OpenedRun, openRun } from '../runs/open-run.ts';
import {
  countUnconfirmed,
  type UndoPlan,
  undoneJson,
  undoneLines,
  undoPlanJson,
  undoPlanLines,
  undoPlanOf,
} from '../runs/undo-lines.ts';

interface UndoOptions extends CommonOptions, ContinueOptions {
  /** Restores also what somebody changed since. */
  readonly overwrite?: boolean;
  /** Restores also what nothing can look at first. */
  readonly unchecked?: boolean;
  readonly reason?: string;
}

/** Takes back what a run changed, of some steps or of all; the run itself is left as it stands. */
export async function undo(app: App, run: string, given: readonly string[], options: UndoOptions): Promise<number> {
  const opened = await openRun(app, run);
  await requireFree(opened.journal, opened.runId, app.clock.now());
  const steps = given.map((name) => stepOf(opened, name));
  if (opened.state.undo !== null) return goOn(app, opened, steps, options);
  const chosen = steps.length === 0 ? null : new Set(steps);
  const found = undoable(opened.state, opened.plan, chosen);
  await loadInverses(opened.compiler, opened);
  const { plan, compiler } = opened;
  const shown = undoPlanOf(found, { plan, actions: compiler.actions, overwrites: options.overwrite === true });
  if (app.isJson) app.terminal.print(JSON.stringify({ run: opened.runId, plan: undoPlanJson(shown) }));
  else for (const line of undoPlanLines(opened, shown, app.terminal.palette)) app.terminal.print(line);
  if (found.reversible.length === 0) return EXIT.done;
  const confirmed = await confirmUndo(app, opened.runId, shown, options);
  if (confirmed === null) {
    app.terminal.print('Nothing was taken back.');
    return EXIT.waiting;
  }
  const first = ({ state }: RunSession): readonly Draft[] => {
    const now = undoable(state, opened.plan, chosen);
    if (now.reversible.length !== found.reversible.length) throw goneOn(opened.runId);
    const { operator: by } = app;
    const reason = options.reason ?? 'asked for on the command line';
    const draft = startUndo(state, {
      cause: 'operator',
      overwrites: options.overwrite === true,
      isUnchecked: confirmed.isUnchecked,
      reason,
      by,
      actor: `person:${by}`,
      ...(steps.length === 0 ? {} : { steps }),
    });
    return [draft];
  };
  return takeBack(app, opened, { first, chosen }, options);
}

/** What can be looked at first, and what cannot, each by a yes of its own. @returns null: nothing is to be done. */
async function confirmUndo(
  app: App,
  runId: string,
  { checkable, uncheckable }: UndoPlan,
  options: UndoOptions,
): Promise<{ readonly isUnchecked: boolean } | null> {
  const yes = options.yes === true;
  const isUnchecked = options.unchecked === true;
  const unseen = `${counted(uncheckable.length)} of the run ${runId} that nothing can look at first`;
  if (checkable.length > 0 || isUnchecked) {
    const count = checkable.length + (isUnchecked ? uncheckable.length : 0);
    if (!(await isConfirmed(app, { message: `Take back ${counted(count)} of the run ${runId}?`, yes }))) return null;
  }
  if (isUnchecked || uncheckable.length === 0) return { isUnchecked };
  if (app.terminal.isInteractive && !app.isJson) {
    const isMeant = await isConfirmed(app, { message: `Take back ${unseen}?`, yes: false });
    return isMeant || checkable.length > 0 ? { isUnchecked: isMeant } : null;
  }
  if (checkable.length > 0) return { isUnchecked: false };
  throw new RunbookError({
    code: 'E_NOT_CONFIRMED',
    message: `Take back ${unseen}? Nobody is here to say so, and nothing was done`,
    hint: 'Look at them yourself, then repeat your command with --yes --unchecked',
  });
}

function counted(count: number): string {
  return count === 1 ? '1 change' : `${count} changes`;
}

/** One that was begun and interrupted, or stopped: the same command tries again what failed. */
function goOn(app: App, opened: OpenedRun, steps: readonly string[], options: UndoOptions): Promise<number> {
  const { undo: current } = opened.state;
  const chosen = current?.steps ?? null;
  if (steps.some((step) => chosen !== null && !chosen.has(step)) || (steps.length > 0 && chosen === null))
    throw new RunbookError({
      code: 'E_STEP_STATE',
      message: `Another undo is under way, of ${chosen === null ? 'the whole run' : [...chosen].join(', ')}, begun by ${current?.by ?? ''}`,
      hint: `Finish it first: runbook undo ${opened.runId}`,
    });
  if (!app.isJson) app.terminal.print(`Goes on with the undo that ${current?.by ?? ''} began.`);
  const first = ({ state }: RunSession): readonly Draft[] =>
    [...state.stopped].filter(isUndoPath).map((step): Draft => {
      const data = { reason: options.reason ?? 'the undo goes on', by: app.operator };
      return { type: 'step.reopened', actor: `person:${app.operator}`, step, data };
    });
  return takeBack(app, opened, { first, chosen }, options);
}

interface TakeBack {
  readonly first: (session: RunSession) => readonly Draft[];
  readonly chosen: ReadonlySet<string> | null;
}

function takeBack(app: App, opened: OpenedRun, of: TakeBack, options: UndoOptions): Promise<number> {
  const last = async ({ state }: RunSession, { isInterrupted }: { readonly isInterrupted: boolean }) =>
    lastWords(state, opened, { ...of, isInterrupted });
  return continueRun(app, opened, options, { first: of.first, last, endsWithUndo: true });
}

function lastWords(
  state: RunState,
  opened: OpenedRun,
  { chosen, isInterrupted }: TakeBack & { readonly isInterrupted: boolean },
): LastWords {
  const isFinished = state.undo === null;
  // Else one of its changes is in doubt: a person is waited for.
  const isStopped = [...state.stopped].some(isUndoPath);
  const { irreversible } = undoable(state, opened.plan, chosen);
  const facts = { state, runId: opened.runId, chosen, irreversible };
  // Somebody must still say whether those are to be taken back.
  const whenFinished = countUnconfirmed(facts) > 0 ? EXIT.waiting : EXIT.done;
  return {
    lines: undoneLines(facts),
    json: { undo: undoneJson(facts) },
    isWhole: isFinished,
    exitCode: isFinished ? whenFinished : isInterrupted ? EXIT.interrupted : isStopped ? EXIT.failed : EXIT.waiting,
  };
}

/** A step, or a group, loop or called playbook with all that is in it. */
function stepOf(opened: OpenedRun, given: string): string {
  return findStep(opened, { given, isMeant: (step) => opened.state.changes.has(step.path), what: 'changed anything' });
}

function goneOn(runId: string): RunbookError {
  return new RunbookError({
    code: 'E_STEP_STATE',
    message: `The run ${runId} has gone on meanwhile: what would be taken back is no longer what was shown`,
    hint: 'Run the command again',
  });
}
