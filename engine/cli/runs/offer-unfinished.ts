// `concurrency: one`: of such a playbook one run is open at a time.
import { RunbookError } from '../../errors.ts';
import type { Plan } from '../../playbook/plan.ts';
import { oneLine, shellWord } from '../../ui/text.ts';
import type { App } from '../app.ts';
import { hasNoRunsYet } from '../keeping/existing-store.ts';
import { liveHolder } from './held-by.ts';
import { shownStatus } from './shown-status.ts';
import { unfinishedRunsOf } from './unfinished.ts';

/**
 * @returns the run to go on with, as the person at the terminal chose; null where a new one may begin.
 * @throws E_RUN_UNFINISHED with which it is, and who works on it
 */
export async function offerUnfinished(app: App, plan: Plan): Promise<string | null> {
  if (plan.concurrency !== 'one' || hasNoRunsYet(app)) return null;
  const journal = await app.journal();
  const [open] = await unfinishedRunsOf(journal, plan.name);
  if (open === undefined) return null;
  const holder = await liveHolder(journal, open.id, app.clock.now());
  const status = shownStatus(open, holder !== null);
  const message = `The run ${open.id} of ${plan.name} is unfinished (${status}, since ${open.createdAt}), and one run of it is open at a time`;
  const id = shellWord(open.id);
  // What somebody works on cannot be taken up beside them.
  if (holder)
    throw new RunbookError({
      code: 'E_RUN_UNFINISHED',
      message: `${message}. ${oneLine(holder.operator)} works on it: process ${holder.pid} on ${oneLine(holder.host)}`,
      hint: `runbook status ${id} shows how it stands, runbook note ${id} TEXT adds what you know; runbook done and approve answer what it asks`,
    });
  if (app.terminal.isInteractive && !app.isJson) {
    const { confirm } = await import('@inquirer/prompts');
    if (await confirm({ message: `${message}. Go on with it?`, default: true })) return open.id;
  }
  throw new RunbookError({
    code: 'E_RUN_UNFINISHED',
    message,
    hint: `runbook resume ${id} goes on with it, runbook abort ${id} --reason WHY ends it`,
  });
}
