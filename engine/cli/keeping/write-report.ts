// A run's incident report, into a file.
import { writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { messageOf, RunbookError } from '../../errors.ts';
import { makeFolder } from '../../make-folder.ts';
import type { App } from '../app.ts';
import { shownPath } from '../shown-path.ts';
import { buildReport } from './build-report.ts';

/** Where it is written unless told otherwise. */
export function reportFile({ project }: Pick<App, 'project'>, runId: string): string {
  return join(project.stateFolder, 'reports', `${runId}.md`);
}

/** @param file where to; beside the store if absent. @returns the path as shown to people. */
export async function writeReport(app: App, runId: string, file: string | undefined): Promise<string> {
  const path = file === undefined ? reportFile(app, runId) : resolve(app.cwd, file);
  const { markdown } = await buildReport(app, runId);
  try {
    makeFolder(dirname(path));
    writeFileSync(path, markdown, { mode: 0o600 });
  } catch (cause) {
    throw new RunbookError({
      code: 'E_REPORT_WRITE',
      message: `Cannot write the report to ${path}: ${messageOf(cause)}`,
      hint: `runbook report ${runId} --out FILE`,
      cause,
    });
  }
  return shownPath(app.cwd, path);
}
