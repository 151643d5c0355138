import { RunbookError } from '../../errors.ts';
import type { Draft, RunEvent } from '../../run/events.ts';
import type { App, CommonOptions } from '../app.ts';
import { continueRun } from '../continue-run.ts';
import { EXIT } from '../exit-codes.ts';
import { liveHolder } from '../held-by.ts';
import { openRun } from '../open-run.ts';

/** Says so to whoever works on the run; where nobody does, ends it here. */
export async function abort(
  app: App,
  run: string | undefined,
  options: CommonOptions & { readonly reason: string },
): Promise<number> {
  const opened = await openRun(app, run);
  const { journal, runId, state } = opened;
  if (state.endedAt !== null) throw ended(runId);
  const request: Draft = {
    type: 'abort.requested',
    actor: `person:${app.operator}`,
    data: { reason: options.reason, by: app.operator },
  };
  if ((await liveHolder(journal, runId, app.clock.now())) === null) {
    const exitCode = await continueRun(app, opened, { plain: true }, { first: () => [request] });
    const [row] = await journal.runs({ idPrefix: runId, limit: 1 });
    // It was asked for: a run that is aborted is what this command is to bring about.
    return row?.status === 'aborted' ? EXIT.done : exitCode;
  }
  const check = (since: readonly RunEvent[]): void => {
    if (since.some((event) => event.type === 'run.ended')) throw ended(runId);
  };
  await journal.append({ runId, since: state.seq, fence: null, drafts: [request], check });
  if (app.isJson) app.terminal.print(JSON.stringify({ run: runId, abortRequested: true }));
  else app.terminal.print(`Asked to abort ${runId}. The process that works on it ends it.`);
  return EXIT.done;
}

function ended(runId: string): RunbookError {
  return new RunbookError({ code: 'E_STEP_STATE', message: `The run ${runId} has ended already` });
}
