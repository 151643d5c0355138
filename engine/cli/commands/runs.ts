import type { RunRow } from '../../store/journal.ts';
import type { App, CommonOptions } from '../app.ts';
import { EXIT } from '../exit-codes.ts';
import { existingJournal, hasNoRunsYet } from '../keeping/existing-store.ts';
import { liveHolder } from '../runs/held-by.ts';
import { shownStatus } from '../runs/shown-status.ts';
import { table } from '../table.ts';

type ShownRow = Omit<RunRow, 'status'> & { readonly status: string };

interface RunsOptions extends CommonOptions {
  readonly playbook?: string;
  readonly limit: number;
}

export async function runs(app: App, options: RunsOptions): Promise<number> {
  const rows = hasNoRunsYet(app) ? [] : await rowsOf(app, options);
  if (app.isJson) {
    app.terminal.print(JSON.stringify(rows));
  } else if (rows.length === 0) {
    app.terminal.print('No runs yet. runbook list shows the playbooks; runbook drill rehearses one.');
  } else {
    const cells = rows.map((row) => [
      row.id,
      row.createdAt.replace('T', ' ').slice(0, 16),
      row.status,
      row.isDrill ? 'drill' : '',
      row.playbook,
      String(row.headSeq),
    ]);
    for (const line of table(['RUN', 'STARTED (UTC)', 'STATUS', '', 'PLAYBOOK', 'EVENTS'], cells))
      app.terminal.print(line);
  }
  return EXIT.done;
}

async function rowsOf(app: App, { limit, playbook }: RunsOptions): Promise<readonly ShownRow[]> {
  const journal = await existingJournal(app);
  const rows = await journal.runs({ limit, ...(playbook === undefined ? {} : { playbook }) });
  const isHeld = async (row: RunRow): Promise<boolean> => (await liveHolder(journal, row.id, app.clock.now())) !== null;
  return Promise.all(
    rows.map(async (row) => (row.status === 'running' ? { ...row, status: shownStatus(row, await isHeld(row)) } : row)),
  );
}
