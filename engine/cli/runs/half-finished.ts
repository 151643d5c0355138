// Runs that have not ended, or are being taken back, and what to type next.
import type { Journal, RunRow } from '../../store/journal.ts';
import type { App } from '../app.ts';
import { table } from '../table.ts';
import { liveHolder } from './held-by.ts';
import { shownStatus } from './shown-status.ts';
import { isUnfinished } from './unfinished.ts';

export interface HalfFinished {
  readonly id: string;
  readonly playbook: string;
  readonly isDrill: boolean;
  readonly status: string;
  /** null: nobody works on it. */
  readonly holder: string | null;
  /** A whole command line. */
  readonly next: string;
}

/** Newest first. */
export function halfFinished(
  app: Pick<App, 'clock'>,
  journal: Journal,
  rows: readonly RunRow[],
): Promise<readonly HalfFinished[]> {
  return Promise.all(
    rows.filter(isUnfinished).map(async (row) => {
      const holder = await liveHolder(journal, row.id, app.clock.now());
      return {
        id: row.id,
        playbook: row.playbook,
        isDrill: row.isDrill,
        status: shownStatus(row, holder !== null),
        holder: holder ? `${holder.operator}, process ${holder.pid}` : null,
        next: nextOf(row, holder !== null),
      };
    }),
  );
}

function nextOf({ id, status }: RunRow, isHeld: boolean): string {
  if (isHeld || status === 'failed') return `runbook status ${id}`;
  return status === 'undoing' ? `runbook undo ${id}` : `runbook resume ${id}`;
}

export function halfFinishedLines(runs: readonly HalfFinished[]): string[] {
  const rows = runs.map((run) => [
    run.id,
    run.playbook + (run.isDrill ? ' (drill)' : ''),
    run.status,
    run.holder ?? 'nobody',
  ]);
  return [
    ...table(['UNFINISHED', 'PLAYBOOK', 'STATUS', 'WORKED ON BY'], rows),
    '',
    'Type next:',
    ...runs.map((run) => `  ${run.next}`),
  ];
}
