// The fold of what happens to one step between its turn and its end.
import { unreachable } from '../errors.ts';
import type { RunEvent } from './events.ts';
import { intend, settleChanges } from './evolve-changes.ts';
import { reopen, settle } from './evolve-turns.ts';
import { isFinal, type RunState, type StepState, targetKey } from './state.ts';

export type StepEvent = Exclude<
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

export function applyToStep(state: RunState, event: StepEvent): void {
  const step = event.step === undefined ? undefined : state.steps.get(event.step);
  if (!step || !isHeard(step, event)) return;
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
    case 'approval.given':
    case 'approval.denied':
    case 'approval.voided':
      return applyApproval(step, event);
    case 'manual.answered':
      // The first answer counts; a later one was refused to its writer.
      if (step.kind === 'manual' && step.phase === 'open') step.answer ??= event.data;
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

/**
 * A step that has ended hears nothing more but what its effects came to; a stopped one only a person's decision. Events
 * that come late (another process answered first, an attempt ran on) are kept in the journal and change nothing.
 */
function isHeard(step: StepState, event: StepEvent): boolean {
  if (event.type === 'change.intended' || event.type === 'change.settled' || event.type === 'step.log') return true;
  if (isFinal(step.phase)) return false;
  return step.phase !== 'stopped' || event.type === 'step.done' || event.type === 'step.reopened';
}

function applyApproval(step: StepState, event: Extract<StepEvent, { type: `approval.${string}` }>): void {
  switch (event.type) {
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
    default:
      return unreachable(event);
  }
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
