// Commands that look at runs make no store: a path typed wrong would look like an empty one.
import { existsSync } from 'node:fs';
import { RunbookError } from '../../errors.ts';
import type { Store } from '../../store/journal.ts';
import type { App } from '../app.ts';

/** @throws E_STORE_MISSING */
export async function existingJournal(app: Pick<App, 'project' | 'env' | 'journal'>): Promise<Store> {
  const { storeUrl, storeFile } = app.project;
  if (storeUrl !== null) return app.journal({ mustExist: true });
  if (!existsSync(storeFile)) {
    throw new RunbookError({
      code: 'E_STORE_MISSING',
      message: `There is no store ${storeFile}`,
      hint: isStoreNamed(app.env)
        ? `RUNBOOK_STORE names ${app.env.RUNBOOK_STORE}: correct or unset it. runbook run makes a new store there`
        : 'Runs lie beside the nearest runbook.config.yaml: change to that folder, or name the file with RUNBOOK_STORE. runbook run makes a new one',
    });
  }
  return app.journal();
}

/** No store, at the place where it lies unless told otherwise: nothing has been run yet. */
export function hasNoRunsYet({ project, env }: Pick<App, 'project' | 'env'>): boolean {
  return !isStoreNamed(env) && project.storeUrl === null && !existsSync(project.storeFile);
}

function isStoreNamed(env: App['env']): boolean {
  return (env.RUNBOOK_STORE ?? '') !== '';
}
