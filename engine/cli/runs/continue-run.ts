// Goes on with a run that exists, whatever it is: a drill first gets its world back.
import { RunbookError } from '../../errors.ts';
import type { Plan } from '../../playbook/plan.ts';
import type { People } from '../../run/people.ts';
import { runStatus } from '../../run/state.ts';
import { jsonEnd } from '../../ui/json.ts';
import { shellWord } from '../../ui/text.ts';
import type { App } from '../app.ts';
import { answering } from './answering.ts';
import { type DriveOptions, drive, runExitCode } from './drive.ts';
import { requireFree } from './held-by.ts';
import { changedFileLine, changedTemplatesLine, type OpenedRun } from './open-run.ts';

export interface ContinueOptions {
  readonly yes?: boolean;
  readonly plain?: boolean;
  readonly report?: string;
  /** A file of answers. */
  readonly answers?: string;
}

/** What a command adds to going on. */
export interface Continuation extends Pick<DriveOptions, 'first' | 'last' | 'endsWithUndo'> {
  /** In the place of the plan that the run pinned: one that it adopts. */
  readonly plan?: Plan;
}

export async function continueRun(
  app: App,
  opened: OpenedRun,
  options: ContinueOptions,
  more: Continuation = {},
): Promise<number> {
  const { drill } = opened.created;
  const { state, plan, compiler, runId, config } = opened;
  const isScored = !drill || state.score !== null;
  const isOver = state.endedAt !== null && state.undo === null && isScored;
  if (isOver && more.endsWithUndo !== true) {
    if (more.first !== undefined) throw endedError(opened);
    return sayEnded(app, opened);
  }
  const changed = more.plan === undefined ? changedFileLine(app, opened.created) : null;
  const templates = more.plan === undefined ? changedTemplatesLine(app, opened.created) : null;
  for (const line of [changed, templates]) if (line !== null && state.endedAt === null) app.terminal.tell(line);
  const answers = await answering(app, more.plan ?? plan, {
    file: options.answers,
    takesDefaults: options.yes === true,
  });
  const base: DriveOptions = {
    app,
    compiler,
    plan,
    runId,
    isNew: false,
    isPlain: options.plain === true,
    confirmsAll: options.yes === true,
    settings: config,
    ...(answers === null ? {} : { people: answers }),
    ...more,
  };
  if (!drill) return drive(base);
  // Before the world starts: that is refused too where one runs, but does not know by whom.
  await requireFree(opened.journal, runId, app.clock.now());
  const { drillApp, drillSettings, drillPeople, endDrill, resumeWorld } = await import('../drills/drill-world.ts');
  const world = await resumeWorld(app, drill);
  const inDrill = drillApp(app, world.speed);
  const others = drillPeople(inDrill, world, drill.isUnattended || options.yes === true);
  const people = (terminal: People): People => others(answers?.(terminal) ?? terminal);
  try {
    return await drive({
      last: (session) => endDrill(app, world, session, options.report),
      ...base,
      app: inDrill,
      settings: drillSettings(world, app.env),
      people,
    });
  } finally {
    await world.stop();
  }
}

/** A decision about a run that has ended would be lost without a word. */
function endedError({ runId, state }: OpenedRun): RunbookError {
  const id = shellWord(runId);
  return new RunbookError({
    code: 'E_STEP_STATE',
    message: `The run ${runId} ended at ${state.endedAt ?? ''}: ${runStatus(state)}. Nothing of it is left to decide`,
    hint: `runbook report ${id} tells what it did, runbook undo ${id} takes it back; runbook run starts another`,
  });
}

/** There is nothing to go on with. */
function sayEnded(app: App, { runId, state }: OpenedRun): number {
  const head = { seq: state.seq, hash: state.head };
  const status = runStatus(state);
  if (app.isJson) app.terminal.print(jsonEnd(runId, { status, isInterrupted: false, head }, []));
  else
    app.terminal.print(
      `The run ${runId} ended at ${state.endedAt ?? ''}: ${status}. Its report: runbook report ${runId}`,
    );
  return runExitCode({ status, isInterrupted: false });
}
