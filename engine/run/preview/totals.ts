// The sums of a plan: what would change in all, which limits that passes, and who must approve.
import type { Outcome, Target } from '../../action.ts';
import { withOwners } from '../touched-targets.ts';
import type { PlannedLimit, PlannedStep, PlannedTotal, PlanResult } from './result.ts';

export interface Totals extends Pick<PlanResult, 'totals' | 'uncounted' | 'limits' | 'approvals'> {
  /** The same steps, each with the limits that it takes the run over. */
  readonly steps: readonly PlannedStep[];
}

/** @param limits by kind: what the run may touch before somebody must approve more. */
export function totalsOf(steps: readonly PlannedStep[], limits: ReadonlyMap<string, number>): Totals {
  const counts = new Map<string, Count>();
  const uncounted: string[] = [];
  const approvals: Totals['approvals'][number][] = [];
  const touched = createTouched(limits);
  const visit = (step: PlannedStep): PlannedStep => {
    const over = step.action === undefined ? [] : touched.add(step);
    if (step.action !== undefined) {
      for (const changes of step.action.changes) count(counts, changes, step.isMaybe);
      const isUnknown = (step.verdict === 'open' || step.verdict === 'fails') && step.action.effect !== 'read';
      if (isUnknown || step.action.targetsUnknown !== undefined) uncounted.push(step.path);
    }
    const isAsked = step.verdict !== 'skipped' && step.verdict !== 'unreached';
    if (step.approval !== undefined && isAsked) approvals.push({ path: step.path, ...step.approval });
    // Over a limit, the operator's own confirmation is the least that is asked.
    if (over.length > 0) approvals.push({ path: step.path, by: step.approval?.by ?? 0, ...roleOf(step), limits: over });
    const inside = step.steps.map(visit);
    return step.action === undefined || over.length === 0
      ? { ...step, steps: inside }
      : { ...step, steps: inside, action: { ...step.action, limits: over } };
  };
  const visited = steps.map(visit);
  return {
    steps: visited,
    uncounted,
    approvals,
    totals: [...counts.values()].map(totalOf),
    limits: [...limits].map(([kind, limit]) => {
      const touchedNow = touched.count(kind);
      return { kind, limit, count: touchedNow, isExceeded: touchedNow > limit };
    }),
  };
}

function roleOf({ approval }: PlannedStep): { readonly role?: string } {
  return approval?.role === undefined ? {} : { role: approval.role };
}

interface Count {
  readonly verb: string;
  readonly kind: string;
  readonly sure: Set<string>;
  readonly possible: Set<string>;
  /** By kind. */
  readonly owners: Map<string, Set<string>>;
  readonly already: Set<string>;
  readonly protected: Set<string>;
}

function count(
  counts: Map<string, Count>,
  { verb, kind, outcome, targets }: NonNullable<PlannedStep['action']>['changes'][number],
  isMaybe: boolean,
): void {
  const key = JSON.stringify([verb, kind]);
  let known = counts.get(key);
  if (known === undefined) {
    known = {
      verb,
      kind,
      sure: new Set(),
      possible: new Set(),
      owners: new Map(),
      already: new Set(),
      protected: new Set(),
    };
    counts.set(key, known);
  }
  const set = setOf(known, outcome, isMaybe);
  for (const { id, owner } of targets) {
    set?.add(id);
    if (owner === undefined || !isTouching(outcome)) continue;
    for (const one of withOwners(owner))
      known.owners.set(one.kind, (known.owners.get(one.kind) ?? new Set()).add(one.id));
  }
}

function setOf(known: Count, outcome: Outcome, isMaybe: boolean): Set<string> | undefined {
  switch (outcome) {
    case 'planned':
      return isMaybe ? known.possible : known.sure;
    case 'unknown':
      return known.possible;
    case 'already':
    case 'protected':
      return known[outcome];
    default:
      return undefined;
  }
}

/** In the run it is touched, or may be. */
function isTouching(outcome: Outcome): boolean {
  return outcome === 'planned' || outcome === 'unknown';
}

function totalOf({ verb, kind, sure, possible, owners, already, protected: kept }: Count): PlannedTotal {
  const more = [...possible].filter((id) => !sure.has(id)).length;
  return {
    verb,
    kind,
    count: sure.size,
    possible: more,
    owners: [...owners].map(([ownerKind, ids]) => ({ kind: ownerKind, count: ids.size })),
    already: already.size,
    protected: kept.size,
  };
}

/** Distinct targets by kind over the whole run, owners among them. */
function createTouched(limits: ReadonlyMap<string, number>): {
  /** @returns the limits that this step is the one to pass, or passes further. */
  add(step: PlannedStep): PlannedLimit[];
  count(kind: string): number;
} {
  const ids = new Map<string, Set<string>>();
  const add = (kind: string, id: string): boolean => {
    const known = ids.get(kind) ?? new Set<string>();
    ids.set(kind, known);
    const before = known.size;
    known.add(id);
    return known.size > before;
  };
  return {
    add(step) {
      const grown = new Set<string>();
      const touch = (target: Target): void => {
        for (const { kind, id } of withOwners(target)) if (add(kind, id)) grown.add(kind);
      };
      for (const { kind, ids: expected, owners } of step.action?.expected ?? []) {
        for (const id of expected) touch({ kind, id });
        for (const owner of owners ?? []) touch(owner);
      }
      for (const { kind, outcome, targets } of step.action?.changes ?? [])
        if (isTouching(outcome)) for (const target of targets) touch({ ...target, kind });
      return [...grown].flatMap((kind) => {
        const [limit, touched] = [limits.get(kind), ids.get(kind)?.size ?? 0];
        return limit === undefined || touched <= limit ? [] : [{ kind, limit, count: touched }];
      });
    },
    count: (kind) => ids.get(kind)?.size ?? 0,
  };
}
