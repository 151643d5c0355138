// The fold of what happens to one step between its turn and its end.
import { unreachable } from '../errors.ts';
import { changeKey, deedKey, isOpenChange, targetKey } from './change-views.ts';
import type { RunEvent } from './events.ts';
import { intend, resolveDoubt, settleChanges } from './evolve-changes.ts';
import { keeps, reopen, settle, want } from './evolve-turns.ts';
import { settleInverse } from './evolve-undo.ts';
import { type Doubt, isFinal, type RunState, type StepState } from './state.ts';

export type StepEvent = Exclude<
  RunEvent,
  {
    type:
      | `run.${string}`
      | `undo.${string}`
      | 'temporary.kept'
      | 'abort.requested'
      | 'note.added'
      | 'timer.fired'
      | 'step.opened'
      | 'step.skipped'
      | 'step.failed'
      | 'severity.changed'
      | 'impact.stated'
      | 'cause.stated'
      | 'drill.scored'
      | 'artifact.kept'
      | 'event.redacted';
  }
>;

export function applyToStep(state: RunState, event: StepEvent): void {
  const step = event.step === undefined ? undefined : state.steps.get(event.step);
  if (!step || !isHeard(step, event)) return;
  switch (event.type) {
    case 'step.done':
      step.durationMs = event.data.durationMs;
      if (event.data.by !== undefined) step.by = event.data.by;
      if (event.data.note !== undefined) step.note = event.data.note;
      if (event.data.output && keeps(state, step)) step.output = event.data.output;
      if (event.data.needsOutput) return want(state, step, 'done');
      return settle(state, step, 'done', event.at);
    case 'step.closed':
      return settle(state, step, step.end ?? 'done', event.at);
    case 'output.given':
      if (keeps(state, step)) step.output = event.data.output;
      return settle(state, step, step.end ?? 'skipped', event.at);
    case 'step.reopened':
      return reopen(state, step, event.data.inputs);
    case 'attempt.started':
      step.phase = 'attempting';
      step.attempt = event.data.attempt;
      step.round = event.data.round;
      step.starts += 1;
      step.lastInputs = event.data.inputs;
      if (step.lastInputsDigest !== event.data.inputsDigest) delete step.checkpoint;
      step.lastInputsDigest = event.data.inputsDigest;
      if (event.data.code !== undefined) step.code = event.data.code;
      step.timedOut = false;
      return;
    case 'attempt.failed':
      // A plan for an approval that failed had no start of its own.
      if (step.phase !== 'attempting') {
        step.attempt = event.data.attempt;
        step.starts += 1;
      }
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
      delete step.checkpoint;
      step.round = event.data.round + 1;
      return;
    case 'approval.requested':
    case 'approval.given':
    case 'approval.denied':
    case 'approval.voided':
      return applyApproval(state, step, event);
    case 'manual.answered':
      // The first answer counts; a later one was refused to its writer.
      if (step.kind === 'manual' && step.phase === 'open') step.answer ??= event.data;
      return;
    case 'change.intended':
      return intend(state, step, event);
    case 'change.settled':
      settleChanges(state, step, event);
      return dropSettledDoubts(state, step);
    case 'change.doubted':
      step.doubts = [...step.doubts, event.data];
      // It stands still for as long as a person needs: time begins anew then.
      step.timedOut = false;
      step.reopens += 1;
      return;
    case 'doubt.resolved':
      resolveDoubt(state, step, event);
      return resettleInverse(state, step);
    case 'step.progress':
      step.progress = event.data;
      return;
    case 'step.checkpoint':
      step.checkpoint = event.data.cursor;
      return;
    case 'step.log':
      step.lastLog = event.data.text;
      return;
    default:
      return unreachable(event);
  }
}

/** What a person found out of an inverse that has ended says whether the change it was for was taken back. */
function resettleInverse(state: RunState, step: StepState): void {
  const { inverse, openedSeq } = step;
  if (!inverse || !isFinal(step.phase)) return;
  // A change that was made anew since is another one.
  const covers = inverse.covers.filter((ref) => (state.changes.get(ref.step)?.get(ref.key)?.seq ?? 0) < openedSeq);
  settleInverse(state, step, { ...inverse, covers });
}

/** An answer that came after all: nobody need be asked any more. */
function dropSettledDoubts(state: RunState, step: StepState): void {
  if (step.doubts.length === 0) return;
  const ledger = state.changes.get(step.path);
  const isOpen = (doubt: Doubt, id: string): boolean => {
    const change = ledger?.get(changeKey({ ...doubt, id }));
    return change === undefined || isOpenChange(change);
  };
  step.doubts = step.doubts.flatMap((doubt) => {
    const ids = doubt.ids.filter((id) => isOpen(doubt, id));
    return ids.length === 0 ? [] : [{ ...doubt, ids }];
  });
}

/** What a step in this phase may still be told; everything else comes too late for it. */
const HEARD_IN: { readonly [P in StepState['phase']]?: ReadonlySet<StepEvent['type']> } = {
  stopped: new Set(['step.done', 'step.reopened']),
  wanting: new Set(['output.given']),
  closing: new Set(['step.closed']),
};

/** What its effects came to, and what a person found out about them. */
const ALWAYS_HEARD: ReadonlySet<StepEvent['type']> = new Set<StepEvent['type']>([
  'change.intended',
  'change.settled',
  'doubt.resolved',
  'step.log',
]);

/**
 * A step that has ended hears nothing more but what its effects came to; a stopped one only a person's decision. Events
 * that come late (another process answered first, an attempt ran on) are kept in the journal and change nothing.
 */
function isHeard(step: StepState, event: StepEvent): boolean {
  if (ALWAYS_HEARD.has(event.type)) return true;
  // Only where what it did was taken back: reopen looks.
  if (isFinal(step.phase)) return event.type === 'step.reopened';
  const heard = HEARD_IN[step.phase];
  if (heard) return heard.has(event.type);
  return event.type !== 'output.given' && event.type !== 'step.closed';
}

function applyApproval(
  state: RunState,
  step: StepState,
  event: Extract<StepEvent, { type: `approval.${string}` }>,
): void {
  switch (event.type) {
    case 'approval.requested':
      step.approval = {
        request: event.data.request,
        pending: event.data,
        votes: [],
        granted: step.approval?.granted ?? null,
        // What is asked is something else; what was approved of the step stays so.
        isVoided: !isAside(event.data) || (step.approval?.isVoided ?? true),
      };
      return;
    case 'approval.given':
      return giveApproval(state, step, event.data);
    case 'approval.denied':
      if (step.approval?.pending?.request !== event.data.request) return;
      if (!isAside(step.approval.pending)) step.approval.granted = null;
      step.approval.pending = null;
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
    default:
      return unreachable(event);
  }
}

/** Asked beside the step's own approval: to pass limits, or to go on with changed code. */
function isAside({ limits, changedCode }: RunEvent<'approval.requested'>['data']): boolean {
  return limits !== undefined || changedCode !== undefined;
}

function giveApproval(state: RunState, step: StepState, data: RunEvent<'approval.given'>['data']): void {
  const approval = step.approval;
  const pending = approval?.pending;
  if (!approval || pending?.request !== data.request) return;
  if (approval.votes.some((vote) => vote.by === data.by)) return;
  const { by, role, roleIsChecked } = data;
  approval.votes.push({
    by,
    ...(role === undefined ? {} : { role }),
    ...(roleIsChecked === undefined ? {} : { roleIsChecked }),
  });
  if (approval.votes.length < Math.max(1, pending.by)) return;
  if (pending.changedCode !== undefined) {
    step.code = pending.changedCode.to;
    approval.pending = null;
    return;
  }
  if (pending.limits !== undefined) {
    for (const { kind, count } of pending.limits)
      state.allowances.set(kind, Math.max(count, state.allowances.get(kind) ?? 0));
    approval.pending = null;
    return;
  }
  const before = approval.granted?.inputsDigest === pending.inputsDigest ? approval.granted.targets : null;
  approval.granted = {
    inputsDigest: pending.inputsDigest,
    targets: pending.targets
      ? new Set([...(before ?? []), ...pending.targets.flatMap((target) => [deedKey(target), targetKey(target)])])
      : null,
  };
  approval.pending = null;
  approval.isVoided = false;
}
