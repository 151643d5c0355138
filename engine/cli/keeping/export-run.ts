// A run into a file, and the file read back: what is not whole there is told, not found out years later.
import { checkRun, type RunCheck } from '../../store/check-run.ts';
import { openExport, writeExport } from '../../store/export.ts';
import { exportSource } from '../../store/export-source.ts';
import type { RunRow, Store } from '../../store/journal.ts';
import type { App } from '../app.ts';
import { packageVersion } from '../resources.ts';
import { buildReport } from './build-report.ts';

/** @param file absolute; one that is there is replaced. @throws E_EXPORT_WRITE */
export async function exportRun(app: App, store: Store, run: RunRow, file: string): Promise<RunCheck> {
  const { markdown } = await buildReport(app, run.id);
  const head = { seq: run.headSeq, hash: run.headHash };
  const request = { runId: run.id, head, report: markdown, engine: packageVersion(), now: app.clock.now() };
  await writeExport(store, request, file);
  return checkRun(exportSource(await openExport(file)));
}
