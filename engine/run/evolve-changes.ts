// The fold of a step's ledger: intents and outcomes into changes.
import { jsonEquals } from '../json.ts';
import { changeKey, isStanding } from './change-views.ts';
import type { RunEvent } from './events.ts';
import type { Change, RunState, StepState } from './state.ts';

export function intend(state: RunState, step: StepState, event: RunEvent<'change.intended'>): void {
  const ledger = ledgerOf(state, step.path);
  for (const target of event.data.targets) {
    const key = keyOf(event.data, target.id);
    const known = ledger.get(key);
    if (known && isOpen(known)) ledger.set(key, intendedAgain(known, step, event, target));
    else if (known && isStanding(known)) {
      if (!jsonEquals(known.after, event.data.after)) replace(ledger, known, intended(step, event, target));
    } else ledger.set(key, intended(step, event, target));
  }
}

type Intent = RunEvent<'change.intended'>;
type IntendedTarget = Intent['data']['targets'][number];

function isOpen({ outcome, undone }: Change): boolean {
  return undone === undefined && (outcome === 'intended' || outcome === 'unknown');
}

function intended(step: StepState, { seq, at, data }: Intent, target: IntendedTarget): Change {
  const { kind, verb, key, round, after, undo, idempotent } = data;
  return {
    key: keyOf(data, target.id),
    step: step.path,
    kind,
    id: target.id,
    verb,
    round,
    seq,
    intendedAt: at,
    after,
    outcome: 'intended',
    edits: step.edits ?? 0,
    ...(key === undefined ? {} : { discriminator: key }),
    ...(undo === undefined ? {} : { undo }),
    ...(idempotent === undefined ? {} : { idempotent }),
    ...(target.owner === undefined ? {} : { owner: target.owner }),
    ...(target.before === undefined ? {} : { before: target.before }),
  };
}

/**
 * The change before may have happened: what it says of the state before any effect of ours stays, with the way back there. What is
 * wanted now may be something else.
 */
function intendedAgain(known: Change, step: StepState, event: Intent, target: IntendedTarget): Change {
  const { seq, intendedAt, before, undo, owner, replaces } = known;
  const now = intended(step, event, target);
  // One that had no earlier state has none now either: by now it might be our own effect.
  const { before: _, ...rest } = now;
  return {
    ...rest,
    seq,
    ...(intendedAt === undefined ? {} : { intendedAt }),
    ...(before === undefined ? {} : { before }),
    ...(undo === undefined ? {} : { undo }),
    ...(owner === undefined ? {} : { owner }),
    ...(replaces === undefined ? {} : { replaces }),
  };
}

/** Done, and now to be in another state: both are in the ledger, for both must be taken back. */
function replace(ledger: Map<string, Change>, done: Change, next: Change): void {
  const older = `${done.key}@${done.seq}`;
  ledger.delete(done.key);
  ledger.set(older, { ...done, key: older, isReplaced: true });
  ledger.set(next.key, { ...next, replaces: older });
}

function keyOf({ kind, verb, key, round }: Omit<Intent['data'], 'targets' | 'after' | 'attempt'>, id: string): string {
  return changeKey({ kind, id, verb, key, round });
}

export function settleChanges(state: RunState, step: StepState, event: RunEvent<'change.settled'>): void {
  const { kind, verb, key, round, results } = event.data;
  const ledger = ledgerOf(state, step.path);
  for (const result of results) {
    const id = changeKey({ kind, id: result.id, verb, key, round });
    const recorded = ledger.get(id);
    if (recorded && isStanding(recorded)) continue;
    // What was taken back, or stands no more, and comes without an intent is another change.
    const isOver = recorded?.undone !== undefined || recorded?.outcome === 'done';
    const known = isOver ? undefined : recorded;
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
 * A person found out, or decided. `repeat` lets the next attempt send it, whether or not it may: what became of it stays
 * unknown until then. `skip` is final.
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
    } else if (choice === 'skip') {
      change.outcome = 'skipped';
      change.error = `left as it is by ${by}: ${reason}`;
    } else {
      change.outcome = 'unknown';
      change.mayRepeat = true;
      change.error = `to be sent again, by ${by}: ${reason}`;
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
