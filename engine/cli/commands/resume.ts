import type { App, CommonOptions } from '../app.ts';
import { type ContinueOptions, continueRun } from '../continue-run.ts';
import { openRun } from '../open-run.ts';

export async function resume(
  app: App,
  run: string | undefined,
  options: CommonOptions & ContinueOptions,
): Promise<number> {
  return continueRun(app, await openRun(app, run), options);
}
