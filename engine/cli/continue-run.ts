// Goes on with a run that exists, whatever it is: a drill first gets its world back.
import type { Draft } from '../run/events.ts';
import type { RunSession } from '../run/session.ts';
import type { App } from './app.ts';
import { type DriveOptions, drive } from './drive.ts';
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
  const { drill } = opened.created;
  if (!drill || opened.state.endedAt !== null) return drive(base);
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
