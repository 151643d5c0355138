// The machine's view of a run: its events, one JSON document a line, and a last line that says how it ended.
import type { JsonObject } from '../json.ts';
import type { RunEvent } from '../run/events.ts';
import type { RunStatus } from '../run/state.ts';
import type { Waiting } from './waiting.ts';

export function jsonLine(event: RunEvent): string {
  return JSON.stringify(event);
}

export interface EndFacts {
  readonly status: RunStatus;
  readonly isInterrupted: boolean;
  readonly head: { readonly seq: number; readonly hash: string };
}

/** Not an event: no `type`, no `seq`. @param more stands beside `end`. */
export function jsonEnd(runId: string, end: EndFacts, waiting: readonly Waiting[], more: JsonObject = {}): string {
  const { status, isInterrupted, head } = end;
  return JSON.stringify({ end: { run: runId, status, isInterrupted, head, waitsFor: waiting }, ...more });
}
