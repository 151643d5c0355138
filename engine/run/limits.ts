// Limits of a run: how many distinct targets of a kind it may touch before somebody must approve more.
import type { Target } from '../action.ts';
import type { PlannedTarget } from './events.ts';
import { OverLimit } from './pauses.ts';
import type { TouchedTargets } from './touched-targets.ts';

export interface LimitOptions {
  readonly limits: ReadonlyMap<string, number>;
  /** By kind: how many people approved; they count where they are more. */
  readonly allowances: ReadonlyMap<string, number>;
  readonly touched: TouchedTargets;
}

/** Of what is planned and of what takes changes back, no limit is asked. */
export type CountAgainstLimits = (targets: readonly PlannedTarget[]) => () => void;

export const countNothing: CountAgainstLimits = () => () => undefined;

/**
 * Counts a whole list before its first call. Until the returned function is called the targets stay counted, so that
 * two lists at once cannot both fit into the same room.
 * @throws OverLimit
 */
export function limitCounter({ limits, allowances, touched }: LimitOptions): CountAgainstLimits {
  if (limits.size === 0) return countNothing;
  return (targets: readonly (PlannedTarget & Target)[]) => {
    const over = [...touched.countWith(targets)].flatMap(([kind, count]) => {
      const limit = limits.get(kind);
      if (limit === undefined || count <= Math.max(limit, allowances.get(kind) ?? 0)) return [];
      return [{ kind, limit, count }];
    });
    if (over.length > 0) throw new OverLimit(over, targets);
    return touched.reserve(targets);
  };
}
