// The fold: one event into the state, in place. Deterministic and total: an event that does not fit the state (which
// the writers' preconditions exclude) changes nothing it should not, and never throws.
import { unreachable } from '../errors.ts';
import type { RunEvent } from './events.ts';
import { type Change, changeKey, isFinal, type RunState, type StepState, targetKey } from './state.ts';

/** Folds `event` into `state` and returns the same object. Costs what the event holds. */
export function evolve(state: RunState, event: RunEvent): RunState {
  state.seq = event.seq;
  state.head = event.hash;
  state.lastAt = event.at;
  apply(state, event);
  return state;
}

function apply(state: RunState, event: RunEvent): void {
  switch (event.type) {
    case 'run.created':
      state.created = event.data;
      state.createdAt = event.at;
      state.severity = event.data.playbook.severity;
      return;
    case 'run.attached':
    case 'run.paused':
    case 'note.added':
    case 'impact.stated':
    case 'cause.stated':
      return;
    case 'run.ending':
      state.outcome = event.data.outcome;
      return;
    case 'run.ended':
      state.outcome = event.data.outcome;
      state.outputs = event.data.outputs;
      state.endedAt = event.at;
      return;
    case 'abort.requested':
      state.abort ??= { by: event.data.by, reason: event.data.reason };
      return;
    case 'run.acknowledged':
      state.acknowledgedBy ??= event.data.by;
      return;
    case 'run.mitigated':
      state.mitigatedAt ??= event.at;
      return;
    case 'severity.changed':
      state.severity = event.data.severity;
      return;
    case 'drill.scored':
      state.score = event.data.score;
      return;
    case 'timer.fired':
      return fireTimer(state, event.data.timer, event.step);
    case 'step.opened':
      return openStep(state, event);
    case 'step.skipped':
    case 'step.failed':
      return endUnhappily(state, event);
    default:
      return applyToStep(state, event);
  }
}

type StepEvent = Exclude<
  RunEvent,
  {
    type:
      | `run.${string}`
      | 'abort.requested'
      | 'note.added'
      | 'timer.fired'
      | 'step.opened'
      | 'step.skipped'
      | 'step.failed'
      | 'severity.changed'
      | 'impact.stated'
      | 'cause.stated'
      | 'drill.scored';
  }
>;

function applyToStep(state: RunState, event: StepEvent): void {
  const step = event.step === undefined ? undefined : state.steps.get(event.step);
  if (!step) return;
  switch (event.type) {
    case 'step.done':
      step.durationMs = event.data.durationMs;
      if (event.data.by !== undefined) step.by = event.data.by;
      if (event.data.note !== undefined) step.note = event.data.note;
      if (event.data.output && (state.keepsOutput === null || state.keepsOutput(step.path)))
        step.output = event.data.output;
      return settle(state, step, 'done', event.at);
    case 'step.reopened':
      return reopen(state, step);
    case 'attempt.started':
      step.phase = 'attempting';
      step.attempt = event.data.attempt;
      step.round = event.data.round;
      step.starts += 1;
      step.timedOut = false;
      return;
    case 'attempt.failed':
      step.phase = 'retrying';
      step.error = event.data.error;
      step.jitter = event.data.jitter;
      if (event.data.isPermanent) step.attempt = Number.MAX_SAFE_INTEGER;
      return;
    case 'attempt.interrupted':
      step.phase = 'open';
      step.attempt = Math.max(0, event.data.attempt - 1);
      return;
    case 'attempt.polled':
      step.phase = 'polling';
      step.attempt = 0;
      step.round = event.data.round + 1;
      return;
    case 'approval.requested':
      step.approval = {
        request: event.data.request,
        pending: event.data,
        votes: [],
        granted: step.approval?.granted ?? null,
        isVoided: true,
      };
      return;
    case 'approval.given':
      return giveApproval(step, event.data);
    case 'approval.denied':
      if (step.approval?.pending?.request !== event.data.request) return;
      step.approval.pending = null;
      step.approval.granted = null;
      step.error = {
        code: 'E_APPROVAL_DENIED',
        message: `${event.data.by} denied it: ${event.data.reason}`,
      };
      step.phase = 'retrying';
      step.attempt = Number.MAX_SAFE_INTEGER;
      return;
    case 'approval.voided':
      if (step.approval?.request !== event.data.request) return;
      step.approval.pending = null;
      step.approval.isVoided = true;
      if (event.data.scope === 'all') step.approval.granted = null;
      return;
    case 'manual.answered':
      if (step.kind === 'manual' && step.phase === 'open') step.answer = event.data;
      return;
    case 'change.intended':
      return intend(state, step, event);
    case 'change.settled':
      return settleChanges(state, step, event);
    case 'step.progress':
      step.progress = event.data;
      return;
    case 'step.log':
      step.lastLog = event.data.text;
      return;
    default:
      return unreachable(event);
  }
}

function openStep(state: RunState, event: RunEvent<'step.opened'>): void {
  const path = event.step ?? '';
  if (state.steps.has(path)) return;
  const step = newStep({
    path,
    kind: event.data.kind,
    title: event.data.title,
    index: event.data.index,
    at: event.at,
    isEntered: true,
  });
  state.steps.set(path, step);
  enterParent(state, path, event.data.index);
  if (step.kind === 'group') state.openGroups.add(path);
  else state.openSteps.add(path);
}

function newStep(of: {
  path: string;
  kind: StepState['kind'];
  title: string;
  index: number;
  at: string;
  isEntered: boolean;
}): StepState {
  return {
    path: of.path,
    kind: of.kind,
    title: of.title,
    index: of.index,
    isEntered: of.isEntered,
    phase: 'open',
    attempt: 0,
    round: 0,
    starts: 0,
    reopens: 0,
    jitter: 0,
    timedOut: false,
    openedAt: of.at,
    next: 0,
    ahead: of.kind === 'group' ? new Set() : null,
    active: of.kind === 'group' ? new Set() : null,
  };
}

function reopen(state: RunState, step: StepState): void {
  if (step.phase !== 'stopped') return;
  state.stopped.delete(step.path);
  if (!step.isEntered) {
    // Its turn comes again, `when` included.
    state.steps.delete(step.path);
    state.openSteps.delete(step.path);
    const parent = parentOf(state, step.path);
    parent?.active?.delete(step.path);
    if (!parent) return;
    for (let later = step.index + 1; later < parent.next; later += 1) parent.ahead?.add(later);
    parent.ahead?.delete(step.index);
    parent.next = Math.min(parent.next, step.index);
    return;
  }
  delete step.error;
  delete step.answer;
  step.phase = 'open';
  step.attempt = 0;
  step.reopens += 1;
  step.timedOut = false;
}

/** The parent's cursor moves past this child, and the child counts as open in it. */
function enterParent(state: RunState, path: string, index: number): void {
  const parent = parentOf(state, path);
  if (!parent?.active) return;
  parent.active.add(path);
  parent.ahead?.add(index);
  while (parent.ahead?.delete(parent.next)) parent.next += 1;
}

function parentOf(state: RunState, path: string): StepState | undefined {
  if (path === '') return undefined;
  return state.steps.get(path.slice(0, Math.max(0, path.lastIndexOf('/'))));
}

function endUnhappily(state: RunState, event: RunEvent<'step.skipped' | 'step.failed'>): void {
  const path = event.step ?? '';
  let step = state.steps.get(path);
  if (!step) {
    const index = event.data.index ?? 0;
    step = newStep({ path, kind: 'uses', title: event.data.title ?? path, index, at: event.at, isEntered: false });
    state.steps.set(path, step);
    enterParent(state, path, index);
    state.openSteps.add(path);
  }
  if (isFinal(step.phase)) return;
  if (event.type === 'step.skipped') {
    step.skip = event.data.reason;
    return settle(state, step, 'skipped', event.at);
  }
  step.error = event.data.error;
  if (event.data.onFailure === 'pause') {
    step.phase = 'stopped';
    state.stopped.add(path);
    return;
  }
  if (event.data.onFailure === 'continue') state.tolerated.add(path);
  else state.abort ??= { by: 'engine', reason: `${step.title} failed and its playbook says abort` };
  settle(state, step, 'failed', event.at);
}

function settle(state: RunState, step: StepState, phase: 'done' | 'skipped' | 'failed', at: string): void {
  step.phase = phase;
  step.endedAt = at;
  state.openSteps.delete(step.path);
  state.openGroups.delete(step.path);
  state.stopped.delete(step.path);
  parentOf(state, step.path)?.active?.delete(step.path);
}

function fireTimer(state: RunState, timer: string, path: string | undefined): void {
  const step = path === undefined ? undefined : state.steps.get(path);
  if (!step || isFinal(step.phase)) return;
  if (timer.startsWith('timeout:')) {
    step.timedOut = true;
    return;
  }
  if (step.phase === 'retrying' || step.phase === 'polling') step.phase = 'open';
}

function giveApproval(step: StepState, data: RunEvent<'approval.given'>['data']): void {
  const approval = step.approval;
  const pending = approval?.pending;
  if (!approval || pending?.request !== data.request) return;
  if (approval.votes.some((vote) => vote.by === data.by)) return;
  approval.votes.push({ by: data.by, ...(data.role === undefined ? {} : { role: data.role }) });
  if (approval.votes.length < Math.max(1, pending.by)) return;
  const before = approval.granted?.inputsDigest === pending.inputsDigest ? approval.granted.targets : null;
  approval.granted = {
    inputsDigest: pending.inputsDigest,
    targets: pending.targets ? new Set([...(before ?? []), ...pending.targets.map(targetKey)]) : null,
  };
  approval.pending = null;
  approval.isVoided = false;
}

function intend(state: RunState, step: StepState, event: RunEvent<'change.intended'>): void {
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

function settleChanges(state: RunState, step: StepState, event: RunEvent<'change.settled'>): void {
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
