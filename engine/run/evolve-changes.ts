// The fold of a step's ledger: intents and outcomes into changes.
import type { RunEvent } from './events.ts';
import { type Change, changeKey, type RunState, type StepState } from './state.ts';

export function intend(state: RunState, step: StepState, event: RunEvent<'change.intended'>): void {
  const { kind, verb, key, round, after, undo, targets } = event.data;
  const ledger = ledgerOf(state, step.path);
  for (const target of targets) {
    const id = changeKey({ kind, id: target.id, verb, key, round });
    const known = ledger.get(id);
    // A repeated intent keeps the earlier state of the first: what stood before any effect of ours.
    if (known && (known.outcome === 'intended' || known.outcome === 'unknown' || known.outcome === 'done')) {
      known.outcome = known.outcome === 'done' ? 'done' : 'intended';
      continue;
    }
    ledger.set(id, {
      key: id,
      step: step.path,
      kind,
      id: target.id,
      verb,
      round,
      seq: event.seq,
      after,
      outcome: 'intended',
      ...(key === undefined ? {} : { discriminator: key }),
      ...(undo === undefined ? {} : { undo }),
      ...(target.owner === undefined ? {} : { owner: target.owner }),
      ...(target.before === undefined ? {} : { before: target.before }),
    });
  }
}

export function settleChanges(state: RunState, step: StepState, event: RunEvent<'change.settled'>): void {
  const { kind, verb, key, round, results } = event.data;
  const ledger = ledgerOf(state, step.path);
  for (const result of results) {
    const id = changeKey({ kind, id: result.id, verb, key, round });
    const known = ledger.get(id);
    if (known?.outcome === 'done') continue;
    const change: Change = known ?? {
      key: id,
      step: step.path,
      kind,
      id: result.id,
      verb,
      round,
      seq: event.seq,
      outcome: result.outcome,
      ...(key === undefined ? {} : { discriminator: key }),
      ...(result.owner === undefined ? {} : { owner: result.owner }),
      ...(result.before === undefined ? {} : { before: result.before }),
    };
    change.outcome = result.outcome;
    if (result.error === undefined) delete change.error;
    else change.error = result.error;
    if (result.detail !== undefined) change.detail = result.detail;
    ledger.set(id, change);
  }
}

function ledgerOf(state: RunState, path: string): Map<string, Change> {
  let ledger = state.changes.get(path);
  if (!ledger) {
    ledger = new Map();
    state.changes.set(path, ledger);
  }
  return ledger;
}
