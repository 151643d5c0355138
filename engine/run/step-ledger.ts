// A step's ledger as ctx.changes writes it: to the journal, or, for a plan, to memory alone.
import { Paused, type Target } from '../action.ts';
import { changeKey, deedKey, targetKey } from './change-views.ts';
import type { EventData, PlannedTarget, RefusedTarget } from './events.ts';
import type { LedgerPort } from './ledger-port.ts';
import type { RunSession } from './session.ts';
import type { Change, StepState } from './state.ts';

/** Where a step's changes are read from and written to. What else a ledger needs the context adds. */
export type StepLedger = Pick<
  LedgerPort,
  | 'changes'
  | 'attempt'
  | 'round'
  | 'edits'
  | 'isPlanning'
  | 'isIdempotent'
  | 'intend'
  | 'settle'
  | 'authorize'
  | 'expected'
>;

const NO_CHANGES: ReadonlyMap<string, Change> = new Map();

export function stepLedger(
  session: RunSession,
  step: StepState,
  of: {
    readonly attempt: number;
    readonly round: number;
    readonly isIdempotent: boolean;
    readonly hasApproval: boolean;
  },
): StepLedger {
  return {
    // evolve makes the step's map at its first change, so it is looked up each time.
    get changes() {
      return session.state.changes.get(step.path) ?? NO_CHANGES;
    },
    attempt: of.attempt,
    round: of.round,
    get edits() {
      return step.edits ?? 0;
    },
    isPlanning: false,
    isIdempotent: of.isIdempotent,
    intend: (data) => session.append({ type: 'change.intended', actor: 'engine', step: step.path, data }),
    settle: (data) => session.append({ type: 'change.settled', actor: 'engine', step: step.path, data }),
    authorize(targets) {
      if (of.hasApproval) authorizeTargets(step, targets);
    },
    expected: () => undefined,
  };
}

/** A target that is to be touched; with a verb: in this way only. */
export type Authorized = Target & { readonly verb?: string };

/** @throws Paused where a target, or its owner, is not among those approved. */
export function authorizeTargets(step: StepState, targets: readonly Authorized[]): void {
  const approved = step.approval?.granted?.targets ?? null;
  if (step.approval?.granted && approved === null) return;
  const outside = targets.filter(
    ({ verb, ...target }) =>
      !approved?.has(verb === undefined ? targetKey(target) : deedKey({ ...target, verb })) &&
      !(target.owner && approved?.has(targetKey(target.owner))),
  );
  if (outside.length === 0) return;
  const shown = outside.slice(0, 5).map((target) => `${target.kind} ${target.id}`);
  throw new Paused(
    'approval',
    `${outside.length} targets are not among those approved: ${shown.join(', ')}${outside.length > 5 ? ', …' : ''}`,
  );
}

export interface PlanLedger {
  readonly port: StepLedger;
  readonly planned: PlannedTarget[];
  /** Those it would not touch, and why. */
  readonly refused: RefusedTarget[];
}

/** Reads what the step did so far, records what it would do, writes nothing. */
export function planLedger(
  session: RunSession,
  step: StepState,
  of: { readonly attempt: number; readonly round: number; readonly isIdempotent: boolean },
): PlanLedger {
  const overlay = new Map(session.state.changes.get(step.path) ?? NO_CHANGES);
  const planned: PlannedTarget[] = [];
  const refused: RefusedTarget[] = [];
  const settle = async (data: EventData['change.settled']): Promise<void> => {
    for (const result of data.results) {
      const key = changeKey({ kind: data.kind, id: result.id, verb: data.verb, key: data.key, round: data.round });
      const { kind, verb, round } = data;
      const owner = result.owner === undefined ? {} : { owner: result.owner };
      const known = overlay.get(key);
      // The reader found out what became of it.
      if (known && result.outcome === 'done') {
        overlay.set(key, { ...known, outcome: 'done' });
        continue;
      }
      overlay.set(key, {
        key,
        step: step.path,
        kind,
        verb,
        round,
        id: result.id,
        seq: 0,
        outcome: result.outcome,
        ...owner,
        ...(result.error === undefined ? {} : { error: result.error }),
      });
      const target = { kind, verb, id: result.id, ...owner };
      if (result.outcome === 'planned') planned.push(target);
      if (result.outcome === 'protected') refused.push({ ...target, error: result.error ?? 'protected' });
    }
  };
  return {
    planned,
    refused,
    port: {
      changes: overlay,
      attempt: of.attempt,
      round: of.round,
      edits: step.edits ?? 0,
      isPlanning: true,
      isIdempotent: of.isIdempotent,
      intend: async () => undefined,
      settle,
      authorize: () => undefined,
      expected: (targets) => void planned.push(...targets),
    },
  };
}
