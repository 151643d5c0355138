// Goes on with a run that exists, whatever it is: a drill first gets its world back.
import type { Draft } from '../run/events.ts';
import type { RunSession } from '../run/session.ts';
import { runStatus } from '../run/state.ts';
import { jsonEnd } from '../ui/json.ts';
import type { App } from './app.ts';
import { type DriveOptions, drive, runExitCode } from './drive.ts';
import { requireFree } from './held-by.ts';
import { changedFileLine, type OpenedRun } from './open-run.ts';

export interface ContinueOptions {
  readonly yes?: boolean;
  readonly plain?: boolean;
  readonly report?: string;
}

export async function continueRun(
  app: App,
  opened: OpenedRun,
  options: ContinueOptions,
  first?: (session: RunSession) => readonly Draft[],
): Promise<number> {
  const { drill } = opened.created;
  const isScored = !drill || opened.state.score !== null;
  if (opened.state.endedAt !== null && isScored) return sayEnded(app, opened);
  const changed = changedFileLine(app, opened.created);
  if (changed !== null) app.terminal.tell(changed);
  const base: DriveOptions = {
    app,
    compiler: opened.compiler,
    plan: opened.plan,
    runId: opened.runId,
    isNew: false,
    isPlain: options.plain === true,
    confirmsAll: options.yes === true,
    env: app.env,
    ...(first === undefined ? {} : { first }),
  };
  if (!drill) return drive(base);
  // Before the world starts: that is refused too where one runs, but does not know by whom.
  await requireFree(opened.journal, opened.runId, app.clock.now());
  const { drillEnv, drillPeople, endDrill, resumeWorld } = await import('./drill-world.ts');
  const world = await resumeWorld(app, drill);
  try {
    return await drive({
      ...base,
      env: drillEnv(world, app.env),
      people: drillPeople(app, world, drill.isUnattended || options.yes === true),
      last: (session) => endDrill(app, world, session, options.report),
    });
  } finally {
    await world.stop();
  }
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
