// The report of a run from its journal.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createReportReader, type ReportModel } from '../../report/model.ts';
import { renderMarkdown } from '../../report/render.ts';
import type { App } from '../app.ts';
import { packageRoot } from '../resources.ts';
import { liveHolder } from '../runs/held-by.ts';
import { digestEvidence } from './evidence-bytes.ts';

export async function buildReport(
  app: App,
  runId: string,
): Promise<{ readonly model: ReportModel; readonly markdown: string }> {
  const journal = await app.journal();
  const reader = createReportReader(runId);
  for await (const event of journal.read(runId)) reader.add(event);
  const now = app.clock.now();
  const model = reader.model({
    now,
    isWorkedOn: (await liveHolder(journal, runId, now)) !== null,
    digests: await digestEvidence(journal, runId, reader.evidence),
  });
  const template = readFileSync(join(packageRoot(), 'templates', 'incident-report.md.hbs'), 'utf8');
  return { model, markdown: renderMarkdown(model, template) };
}
