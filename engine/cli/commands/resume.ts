import { RunbookError } from '../../errors.ts';
import type { App, CommonOptions } from '../app.ts';
import { EXIT } from '../exit-codes.ts';
import { adoptPlaybook } from '../runs/adopt-playbook.ts';
import { type ContinueOptions, continueRun } from '../runs/continue-run.ts';
import { openRun } from '../runs/open-run.ts';

interface ResumeOptions extends CommonOptions, ContinueOptions {
  /** Goes on with the playbook as its file is now. */
  readonly adopt?: boolean;
  readonly reason?: string;
}

export async function resume(app: App, run: string | undefined, options: ResumeOptions): Promise<number> {
  const opened = await openRun(app, run);
  if (options.adopt !== true) {
    if (options.reason === undefined) return continueRun(app, opened, options);
    throw new RunbookError({ code: 'E_USAGE', message: '--reason goes with --adopt', hint: 'Leave it out' });
  }
  const { reason } = options;
  if (reason === undefined || reason.trim() === '')
    throw new RunbookError({
      code: 'E_USAGE',
      message: 'A run takes a changed playbook only with a reason',
      hint: 'Add --reason WHY',
    });
  const adopted = await adoptPlaybook(app, opened, { reason, yes: options.yes === true });
  if (adopted === null) {
    app.terminal.print('Nothing was done.');
    return EXIT.waiting;
  }
  return continueRun(app, opened, options, adopted);
}
