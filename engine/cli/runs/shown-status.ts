import type { RunRow } from '../../store/journal.ts';

/** How a run stands, in one word for every listing: one that nobody works on does not run, whatever it did last. */
export function shownStatus({ status }: Pick<RunRow, 'status'>, isHeld: boolean): string {
  return status === 'running' && !isHeld ? 'stopped' : status;
}
