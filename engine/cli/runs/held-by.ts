// Whether a live process works on a run, for commands that speak to it from outside.
import { hostname } from 'node:os';
import { RunbookError } from '../../errors.ts';
import type { Journal, LeaseHolder, LeaseInfo } from '../../store/journal.ts';
import { oneLine, shellWord } from '../../ui/text.ts';
import type { App } from '../app.ts';

/** This process, as whoever asks is told of it; of each lease its own id. */
export function newHolder({ operator }: Pick<App, 'operator'>): LeaseHolder {
  const host = hostname();
  return { id: `${host}-${process.pid}-${crypto.randomUUID()}`, host, pid: process.pid, operator };
}

/** null: nobody works on it. */
export async function liveHolder(journal: Journal, runId: string, now: number): Promise<LeaseInfo | null> {
  const lease = await journal.lease(runId);
  return lease && !lease.isHolderDead && Date.parse(lease.expiresAt) > now ? lease : null;
}

/** For what must not begin beside another process. @throws E_RUN_HELD */
export async function requireFree(journal: Journal, runId: string, now: number): Promise<void> {
  const holder = await liveHolder(journal, runId, now);
  if (!holder) return;
  throw new RunbookError({
    code: 'E_RUN_HELD',
    message: `Run ${runId} is held by ${oneLine(holder.operator)} on ${oneLine(holder.host)}, process ${holder.pid}, since ${holder.acquiredAt}`,
    hint: `Let them pause it, or stop that process; if it is gone, its hold ends at ${holder.expiresAt}`,
  });
}

/** What happens after somebody said something: the holder goes on by itself, or somebody must resume. */
export async function nextLine(journal: Journal, runId: string, now: number): Promise<string> {
  const holder = await liveHolder(journal, runId, now);
  if (!holder) return `Nobody works on the run now. Go on with: runbook resume ${shellWord(runId)}`;
  return `The run goes on in ${oneLine(holder.operator)}'s terminal (process ${holder.pid} on ${oneLine(holder.host)}).`;
}
