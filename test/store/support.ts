// What the tests of the store share: runs, drafts and holders as small as they can be.
import { hostname } from 'node:os';
import { createRedactor } from '../../engine/redact.ts';
import type { Draft, RunEvent } from '../../engine/run/events.ts';
import type { Fence, Journal, LeaseHolder } from '../../engine/store/journal.ts';

export const RUN = { id: 'run_1', playbook: 'breach-response', isDrill: false };

export function log(text: string, step = 'contain'): Draft {
  return { type: 'step.log', actor: 'engine', step, data: { text } };
}

export function note(text: string): Draft {
  return { type: 'note.added', actor: 'person:ada', data: { text, kind: 'note', by: 'ada' } };
}

export function holder(id = 'here', pid = process.pid): LeaseHolder {
  return { id, host: hostname(), pid, operator: 'Ada' };
}

/** A run with one event, held. */
export async function heldRun(journal: Journal, runId = RUN.id): Promise<Fence> {
  await journal.create({ ...RUN, id: runId }, [log('created')]);
  return journal.acquire(runId, holder());
}

export async function readAll(journal: Journal, runId = RUN.id): Promise<RunEvent[]> {
  const events: RunEvent[] = [];
  for await (const event of journal.read(runId)) events.push(event);
  return events;
}

export function textOf(event: RunEvent): string {
  return 'text' in event.data ? String(event.data.text) : '';
}

export const silentRedactor = createRedactor();
