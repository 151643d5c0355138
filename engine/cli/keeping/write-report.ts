// A run's incident report, into a file.
import { writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { messageOf, RunbookError } from '../../errors.ts';
import { makeFolder } from '../../make-folder.ts';
import type { App } from '../app.ts';
import { buildReport } from './build-report.ts';

/** @param file where to; beside the store if absent. @returns the path as shown to people. */
export async function writeReport(app: App, runId: string, file: string | undefined): Promise<string> {
  const path = file === undefined ? join(app.project.stateFolder, 'reports', `${runId}.md`) : resolve(app.cwd, file);
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
  const near = relative(app.cwd, path);
  return near.startsWith('..') ? path : near;
}
