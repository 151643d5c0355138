// `concurrency: one`: of such a playbook one run is open at a time.
import { RunbookError } from '../errors.ts';
import type { Plan } from '../playbook/plan.ts';
import type { App } from './app.ts';
import { hasNoRunsYet } from './existing-store.ts';
import { unfinishedRunsOf } from './unfinished.ts';

/**
 * @returns the run to go on with, as the person at the terminal chose; null where a new one may begin.
 * @throws E_RUN_UNFINISHED with which it is
 */
export async function offerUnfinished(app: App, plan: Plan): Promise<string | null> {
  if (plan.concurrency !== 'one' || hasNoRunsYet(app)) return null;
  const [open] = await unfinishedRunsOf(await app.journal(), plan.name);
  if (open === undefined) return null;
  const message = `The run ${open.id} of ${plan.name} is unfinished (${open.status}, since ${open.createdAt}), and one run of it is open at a time`;
  if (app.terminal.isInteractive && !app.isJson) {
    const { confirm } = await import('@inquirer/prompts');
    if (await confirm({ message: `${message}. Go on with it?`, default: true })) return open.id;
  }
  throw new RunbookError({
    code: 'E_RUN_UNFINISHED',
    message,
    hint: `runbook resume ${open.id} goes on with it, runbook abort ${open.id} --reason WHY ends it`,
  });
}
