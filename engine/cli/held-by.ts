// Whether a live process works on a run, for commands that speak to it from outside.
import type { Journal, LeaseInfo } from '../store/journal.ts';
import { oneLine, shellWord } from '../ui/text.ts';

/** null: nobody works on it. */
export async function liveHolder(journal: Journal, runId: string, now: number): Promise<LeaseInfo | null> {
  const lease = await journal.lease(runId);
  return lease && !lease.isHolderDead && Date.parse(lease.expiresAt) > now ? lease : null;
}

/** What happens after somebody said something: the holder goes on by itself, or somebody must resume. */
export async function nextLine(journal: Journal, runId: string, now: number): Promise<string> {
  const holder = await liveHolder(journal, runId, now);
  if (!holder) return `Nobody works on the run now. Go on with: runbook resume ${shellWord(runId)}`;
  return `The run goes on in ${oneLine(holder.operator)}'s terminal (process ${holder.pid} on ${oneLine(holder.host)}).`;
}
