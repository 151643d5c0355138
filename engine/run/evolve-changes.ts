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
    if (
      known &&
      known.undone === undefined &&
      (known.outcome === 'intended' || known.outcome === 'unknown' || known.outcome === 'done')
    ) {
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
      intendedAt: event.at,
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
    const recorded = ledger.get(id);
    // What was taken back and comes without an intent is another change.
    const known = recorded?.undone === undefined ? recorded : undefined;
    if (known?.outcome === 'done') continue;
    const change: Change = known ?? {
      key: id,
      step: step.path,
      kind,
      id: result.id,
      verb,
      round,
      seq: event.seq,
      intendedAt: event.at,
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

/**
 * A person found out, or decided. `repeat` makes it as if it had not been sent, so that the next attempt sends it;
 * `skip` is final.
 */
export function resolveDoubt(state: RunState, step: StepState, event: RunEvent<'doubt.resolved'>): void {
  const { kind, verb, key, round, ids, choice, reason, by } = event.data;
  const ledger = ledgerOf(state, step.path);
  const resolved = new Set(ids);
  for (const id of ids) {
    const change = ledger.get(changeKey({ kind, id, verb, key, round }));
    if (!change || change.outcome === 'done') continue;
    if (choice === 'done') {
      change.outcome = 'done';
      change.detail = { confirmedBy: by, reason };
      delete change.error;
    } else {
      change.outcome = choice === 'skip' ? 'skipped' : 'failed';
      change.error = choice === 'skip' ? `left as it is by ${by}: ${reason}` : `to be sent again, by ${by}: ${reason}`;
    }
  }
  step.doubts = step.doubts.flatMap((doubt) => {
    if (doubt.kind !== kind || doubt.verb !== verb || doubt.key !== key || doubt.round !== round) return [doubt];
    const left = doubt.ids.filter((id) => !resolved.has(id));
    return left.length === 0 ? [] : [{ ...doubt, ids: left }];
  });
}

function ledgerOf(state: RunState, path: string): Map<string, Change> {
  let ledger = state.changes.get(path);
  if (!ledger) {
    ledger = new Map();
    state.changes.set(path, ledger);
  }
  return ledger;
}
