import { RunbookError } from '../../errors.ts';
import type { Draft, RunEvent } from '../../run/events.ts';
import { evolve } from '../../run/evolve.ts';
import { finallyAround } from '../../run/paths.ts';
import type { RunState } from '../../run/state.ts';
import type { App, CommonOptions } from '../app.ts';
import { EXIT } from '../exit-codes.ts';
import { continueRun } from '../runs/continue-run.ts';
import { liveHolder } from '../runs/held-by.ts';
import { openRun } from '../runs/open-run.ts';

/** Says so to whoever works on the run; where nobody does, ends it here. */
export async function abort(
  app: App,
  run: string | undefined,
  options: CommonOptions & { readonly reason: string },
): Promise<number> {
  const opened = await openRun(app, run);
  const { journal, runId, state } = opened;
  const holder = await liveHolder(journal, runId, app.clock.now());
  // One that was cut off while it aborted is only to be gone on with.
  const isAborting = state.endedAt === null && isAsked(state) && !canAbort(state);
  if (!(isAborting && holder === null)) requireAbortable(runId, state);
  const request: Draft = {
    type: 'abort.requested',
    actor: `person:${app.operator}`,
    data: { reason: options.reason, by: app.operator },
  };
  if (holder === null) {
    const exitCode = await continueRun(app, opened, { plain: true }, isAborting ? {} : { first: () => [request] });
    const [row] = await journal.runs({ idPrefix: runId, limit: 1 });
    // It was asked for: a run that is aborted is what this command is to bring about.
    return row?.status === 'aborted' ? EXIT.done : exitCode;
  }
  const check = (since: readonly RunEvent[]): void => {
    for (const event of since) evolve(state, event);
    requireAbortable(runId, state);
  };
  await journal.append({ runId, since: state.seq, fence: null, drafts: [request], check });
  if (app.isJson) app.terminal.print(JSON.stringify({ run: runId, abortRequested: true }));
  else app.terminal.print(`Asked to abort ${runId}. The process that works on it ends it.`);
  return EXIT.done;
}

function isAsked({ abort: asked, outcome }: RunState): boolean {
  return asked !== null || outcome === 'aborted';
}

/** Whether a request would change anything: of a run whose outcome is fixed it reaches only a `finally` under way. */
function canAbort(state: RunState): boolean {
  if (state.outcome === null && state.abort === null) return true;
  return [...state.openGroups].some((path) => finallyAround(path) === path && !state.finallyAborts.has(path));
}

/** @throws E_STEP_STATE */
function requireAbortable(runId: string, state: RunState): void {
  if (state.endedAt !== null)
    throw new RunbookError({
      code: 'E_STEP_STATE',
      message: `The run ${runId} has ended already`,
      hint: 'runbook undo takes back what it changed',
    });
  if (canAbort(state)) return;
  const how = isAsked(state) ? 'is being aborted already' : 'is ending: all its steps had their turn';
  throw new RunbookError({
    code: 'E_STEP_STATE',
    message: `The run ${runId} ${how}. There is nothing left to abort`,
    hint: `runbook status ${runId} shows what it still does`,
  });
}
