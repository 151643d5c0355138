// What runs changed and nobody has taken back: temporary changes first, for those must not stay.
import type { Json } from '../json.ts';
import { isUndoPath } from '../run/paths.ts';
import { foldRun } from '../run/session.ts';
import { inEffect, type RunState } from '../run/state.ts';
import type { Journal, RunRow } from '../store/journal.ts';
import { countedVerb } from '../ui/change-words.ts';
import { formatDuration } from '../ui/duration.ts';
import { oneLine } from '../ui/text.ts';
import type { App } from './app.ts';
import { isUnfinished } from './unfinished.ts';

export interface Temporary {
  readonly run: string;
  readonly step: string;
  readonly title: string;
  readonly changes: number;
  /** ISO 8601; absent while its step is still at work. */
  readonly dueAt?: string;
  /** Milliseconds over due; negative: that long is left. */
  readonly overdueMs?: number;
  /** It stays on purpose. */
  readonly kept?: { readonly by: string; readonly reason: string };
}

export interface RunInEffect {
  readonly run: string;
  readonly playbook: string;
  readonly title: string;
  readonly isDrill: boolean;
  readonly status: string;
  readonly temporaries: readonly Temporary[];
  /** All that holds, the temporary ones included. */
  readonly changes: readonly { readonly verb: string; readonly kind: string; readonly count: number }[];
}

/** Of one run, at a time in milliseconds since 1970. The longest over due first. */
export function temporariesOf(state: RunState, run: string, now: number): readonly Temporary[] {
  const found: Temporary[] = [];
  for (const step of state.steps.values()) {
    if (step.temporaryMs === undefined) continue;
    const changes = inEffect(state, step.path).length;
    if (changes === 0) continue;
    const due = step.endedAt === undefined ? undefined : Date.parse(step.endedAt) + step.temporaryMs;
    const kept = state.kept.get(step.path);
    found.push({
      run,
      step: step.path,
      title: step.title,
      changes,
      ...(due === undefined ? {} : { dueAt: new Date(due).toISOString(), overdueMs: now - due }),
      ...(kept === undefined ? {} : { kept }),
    });
  }
  return found.sort((a, b) => (b.overdueMs ?? Number.NEGATIVE_INFINITY) - (a.overdueMs ?? Number.NEGATIVE_INFINITY));
}

/** `Open the bypass (1 change): over due by 42 min 10 s`. */
export function temporaryText({ title, changes, overdueMs, kept }: Temporary): string {
  const what = `${oneLine(title)} (${changes === 1 ? '1 change' : `${changes} changes`})`;
  if (kept !== undefined) return `${what}: stays on purpose, ${oneLine(`${kept.by}: ${kept.reason}`)}`;
  if (overdueMs === undefined) return `${what}: its step is still at work`;
  return overdueMs >= 0
    ? `${what}: over due by ${formatDuration(overdueMs)}`
    : `${what}: ${formatDuration(-overdueMs)} left`;
}

/** Runs that hold changes, newest first. A drill that has ended left nothing that matters. Folds one run at a time. */
export async function runsInEffect(
  app: Pick<App, 'clock'>,
  journal: Journal,
  rows: readonly RunRow[],
): Promise<readonly RunInEffect[]> {
  const found: RunInEffect[] = [];
  for (const row of rows) {
    if (row.isDrill && !isUnfinished(row)) continue;
    const state = await foldRun({ journal, runId: row.id, clock: app.clock, keepsOutput: () => false });
    const changes = countInEffect(state);
    if (changes.length === 0) continue;
    found.push({
      run: row.id,
      playbook: row.playbook,
      title: state.created?.title ?? state.created?.playbook.title ?? row.playbook,
      isDrill: row.isDrill,
      status: row.status,
      temporaries: temporariesOf(state, row.id, app.clock.now()),
      changes,
    });
  }
  return found;
}

function countInEffect(state: RunState): RunInEffect['changes'] {
  const counts = new Map<string, { verb: string; kind: string; count: number }>();
  for (const path of state.changes.keys()) {
    if (isUndoPath(path)) continue;
    for (const { verb, kind } of inEffect(state, path)) {
      const key = JSON.stringify([verb, kind]);
      const known = counts.get(key);
      if (known) known.count += 1;
      else counts.set(key, { verb, kind, count: 1 });
    }
  }
  return [...counts.values()];
}

export function changesText(changes: RunInEffect['changes']): string {
  return changes.map((one) => oneLine(countedVerb(one))).join(', ');
}

export function temporaryJson(temporary: Temporary): Json {
  const { kept, ...rest } = temporary;
  return { ...rest, ...(kept === undefined ? {} : { kept: { ...kept } }) };
}
