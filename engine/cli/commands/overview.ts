// `runbook` alone: what is half-finished and what to type next.
import type { App, CommonOptions } from '../app.ts';
import { existingJournal, hasNoRunsYet } from '../existing-store.ts';
import { EXIT } from '../exit-codes.ts';
import { liveHolder } from '../held-by.ts';
import { table } from '../table.ts';

const LOOKED_AT = 50;

const START = `runbook drill            rehearse a breach on this machine
runbook list             the playbooks there are
runbook run PLAYBOOK     start one
runbook --help           every command`;

export async function overview(app: App, _options: CommonOptions): Promise<number> {
  const isFirst = hasNoRunsYet(app);
  const open = isFirst ? [] : await openRuns(app);
  if (app.isJson) {
    app.terminal.print(JSON.stringify({ unfinished: open }));
    return EXIT.done;
  }
  if (open.length === 0) {
    app.terminal.print(`${isFirst ? 'No runs yet.' : 'No unfinished runs.'}\n\n${START}`);
    return EXIT.done;
  }
  const rows = open.map((run) => [
    run.id,
    run.playbook + (run.isDrill ? ' (drill)' : ''),
    run.status,
    run.holder ?? 'nobody',
  ]);
  for (const line of table(['UNFINISHED', 'PLAYBOOK', 'STATUS', 'WORKED ON BY'], rows)) app.terminal.print(line);
  app.terminal.print('\nType next:');
  for (const run of open) app.terminal.print(`  ${run.next}`);
  return EXIT.done;
}

async function openRuns(app: App) {
  const journal = await existingJournal(app);
  const rows = (await journal.runs({ limit: LOOKED_AT })).filter(
    (row) => row.status !== 'done' && row.status !== 'aborted',
  );
  return Promise.all(
    rows.map(async (row) => {
      const holder = await liveHolder(journal, row.id, app.clock.now());
      return {
        id: row.id,
        playbook: row.playbook,
        isDrill: row.isDrill,
        status: holder ? row.status : row.status === 'running' ? 'stopped' : row.status,
        holder: holder ? `${holder.operator}, process ${holder.pid}` : null,
        next: holder || row.status === 'failed' ? `runbook status ${row.id}` : `runbook resume ${row.id}`,
      };
    }),
  );
}
