// Numbers of a run: how long, how many, who was touched. Pure.
import { isOpenChange } from '../run/change-views.ts';
import type { Change, RunState } from '../run/state.ts';

export interface Metrics {
  /** From detection, or from the start where no detection was given. */
  readonly durationMs: number;
  readonly isOver: boolean;
  readonly timeToMitigateMs: number | null;
  /** Distinct targets that a change of ours reached, by kind; owners count as touched. */
  readonly touched: readonly { readonly kind: string; readonly count: number }[];
  /** Changes whose outcome nobody knows. */
  readonly inDoubt: number;
}

export function metricsOf(state: RunState, now: number): Metrics {
  const start = Date.parse(state.created?.detectedAt ?? state.createdAt);
  const end = state.endedAt === null ? now : Date.parse(state.endedAt);
  const touched = new Map<string, Set<string>>();
  let inDoubt = 0;
  const touch = (kind: string, id: string): void => {
    const ids = touched.get(kind) ?? new Set();
    touched.set(kind, ids.add(id));
  };
  for (const change of allChanges(state)) {
    if (isOpenChange(change)) inDoubt += 1;
    if (change.outcome !== 'done') continue;
    touch(change.kind, change.id);
    if (change.owner) touch(change.owner.kind, change.owner.id);
  }
  return {
    durationMs: Math.max(0, end - start),
    isOver: state.endedAt !== null,
    timeToMitigateMs: state.mitigatedAt === null ? null : Math.max(0, Date.parse(state.mitigatedAt) - start),
    touched: [...touched].map(([kind, ids]) => ({ kind, count: ids.size })),
    inDoubt,
  };
}

function* allChanges(state: RunState): Iterable<Change> {
  for (const ledger of state.changes.values()) yield* ledger.values();
}
