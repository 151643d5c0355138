import type { Journal, RunRow } from '../../store/journal.ts';

/** Neither done nor aborted, or being taken back. */
export function isUnfinished({ status }: Pick<RunRow, 'status'>): boolean {
  return status !== 'done' && status !== 'aborted';
}

/** Of a playbook, newest first; practice does not count, nor one whose changes are being taken back after its end. */
export async function unfinishedRunsOf(journal: Journal, playbook: string): Promise<readonly RunRow[]> {
  const rows = await journal.runs({ playbook });
  return rows.filter((row) => !row.isDrill && isUnfinished(row) && row.status !== 'undoing');
}
