import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { RunbookError } from '../../errors.ts';
import { isWhole } from '../../store/check-run.ts';
import { shellWord } from '../../ui/text.ts';
import type { App, CommonOptions } from '../app.ts';
import { EXIT } from '../exit-codes.ts';
import { checkJson, checkLines } from '../keeping/check-lines.ts';
import { existingJournal } from '../keeping/existing-store.ts';
import { exportRun } from '../keeping/export-run.ts';
import { findRun } from '../runs/find-run.ts';
import { shownPath } from '../shown-path.ts';

/** A run in one file: its events, what they refer to, and its report. */
export async function exportOne(
  app: App,
  run: string | undefined,
  options: CommonOptions & { readonly out?: string },
): Promise<number> {
  const store = await existingJournal(app);
  const row = await findRun(store, run);
  const file = resolve(app.cwd, options.out ?? `${row.id}.runbook.gz`);
  const shown = shownPath(app.cwd, file);
  if (existsSync(file))
    throw new RunbookError({
      code: 'E_FILE_EXISTS',
      message: `There is a file ${shown} already`,
      hint: `runbook export ${row.id} --out FILE`,
    });
  const check = await exportRun(app, store, row, file);
  if (app.isJson) app.terminal.print(JSON.stringify({ run: row.id, file: shown, check: checkJson(row.id, check) }));
  else {
    app.terminal.print(`Exported the run ${row.id} to ${shown}. Check it anywhere: runbook verify ${shellWord(shown)}`);
    for (const line of checkLines(shown, check, app.terminal.palette)) app.terminal.print(line);
  }
  return isWhole(check) ? EXIT.done : EXIT.failed;
}
