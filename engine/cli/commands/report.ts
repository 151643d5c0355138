import type { App, CommonOptions } from '../app.ts';
import { EXIT } from '../exit-codes.ts';
import { buildReport } from '../keeping/build-report.ts';
import { existingJournal } from '../keeping/existing-store.ts';
import { writeReport } from '../keeping/write-report.ts';
import { findRun } from '../runs/find-run.ts';

export async function report(
  app: App,
  run: string | undefined,
  options: CommonOptions & { readonly out?: string },
): Promise<number> {
  const { id } = await findRun(await existingJournal(app), run);
  if (options.out !== undefined) {
    const written = await writeReport(app, id, options.out);
    app.terminal.print(app.isJson ? JSON.stringify({ run: id, file: written }) : `Incident report: ${written}`);
    return EXIT.done;
  }
  const { model, markdown } = await buildReport(app, id);
  app.terminal.print(app.isJson ? JSON.stringify(model) : markdown.trimEnd());
  return EXIT.done;
}
