// What one open step wishes. Pure.
import { unreachable } from '../errors.ts';
import type { ActionStep, Plan, PlanNode, RetryPolicy } from '../playbook/plan.ts';
import { abortOf } from './aborts.ts';
import type { Command, Cut } from './commands.ts';
import { timeoutName } from './evolve-turns.ts';
import { finallyAround, isInside, isUndoPath } from './paths.ts';
import { isInDoubt, type RunState, type StepState } from './state.ts';
import { nodeOf } from './undo-node.ts';

export function decideStep(plan: Plan, state: RunState, path: string, commands: Command[]): void {
  const node = nodeOf(plan, state, path);
  const step = state.steps.get(path);
  if (!node || !step) return;
  const cut = cutOf(state, path);
  if (cut !== null) return decideCut(step, cut, commands);
  switch (step.phase) {
    case 'stopped':
      commands.push({ type: 'await-decision', path });
      return;
    case 'wanting':
      commands.push({ type: 'await-output', path });
      return;
    case 'open':
    case 'attempting':
    case 'retrying':
    case 'polling':
      return node.kind === 'manual' ? decideManual(node, step, commands) : decideAction(node, state, step, commands);
    case 'closing':
    case 'done':
    case 'skipped':
    case 'failed':
      return;
    default:
      return unreachable(step.phase);
  }
}

function decideCut(step: StepState, cut: Cut, commands: Command[]): void {
  const { path } = step;
  if (step.phase === 'attempting') commands.push({ type: 'cancel', path, reason: cut });
  else if (step.phase === 'stopped' && cut === 'abort') commands.push({ type: 'fail', path, reason: cut });
  else commands.push({ type: 'skip', path, reason: cut });
}

function decideManual(node: PlanNode, step: StepState, commands: Command[]): void {
  // Its approval was denied.
  if (step.phase === 'retrying') commands.push({ type: 'fail', path: step.path, reason: 'attempts' });
  // Before anybody is asked to do it.
  else if (needsApproval(node, step)) decideApproval(step, commands);
  else if (step.answer === undefined) commands.push({ type: 'await-answer', path: step.path });
  else commands.push({ type: 'accept-answer', path: step.path });
}

function decideAction(node: PlanNode, state: RunState, step: StepState, commands: Command[]): void {
  if (node.kind !== 'uses') return;
  const { path } = step;
  // Before all else, its failure too: what may have happened must not be dropped.
  if (isInDoubt(step)) {
    commands.push({ type: 'await-doubt', path });
    return;
  }
  if (step.timedOut) {
    commands.push(
      step.phase === 'attempting'
        ? { type: 'cancel', path, reason: 'timeout' }
        : { type: 'fail', path, reason: 'timeout' },
    );
    return;
  }
  const attempts = node.retry?.attempts ?? 1;
  if (step.phase === 'retrying' && step.attempt >= attempts) {
    commands.push({ type: 'fail', path, reason: 'attempts' });
    return;
  }
  // Another branch stopped the run: what is in flight settles, waits are given up until the run goes on.
  const isHalted = state.stopped.size > 0 && !isUndoPath(path);
  if (step.phase === 'attempting') {
    commands.push({ type: 'attempt', path, attempt: Math.max(1, step.attempt), round: step.round });
  } else if (step.phase === 'open') {
    if (step.approval?.pending || needsApproval(node, step)) return decideApproval(step, commands);
    if (isHalted) return;
    commands.push({ type: 'attempt', path, attempt: step.attempt + 1, round: step.round });
  } else if (isHalted) {
    return;
  } else {
    commands.push(wait(node, step));
  }
  if (node.timeoutMs !== undefined) {
    commands.push(timeoutOf(step, node.timeoutMs));
  }
}

function wait(node: ActionStep, step: StepState): Command {
  const name = `${step.path}#${step.openedSeq}.${step.reopens}.${step.starts}`;
  if (step.phase === 'polling') {
    return { type: 'wake', path: step.path, timer: `poll:${name}`, afterMs: node.everyMs ?? 0, accumulates: false };
  }
  const afterMs = node.retry ? retryDelayMs(node.retry, step.attempt, step.jitter) : 0;
  return { type: 'wake', path: step.path, timer: `retry:${name}`, afterMs, accumulates: false };
}

/** Delay after attempt number `attempt` (from 1), with up to a quarter taken off by `jitter` in [0,1). */
export function retryDelayMs(retry: RetryPolicy, attempt: number, jitter: number): number {
  const factor =
    retry.backoff === 'constant' ? 1 : retry.backoff === 'linear' ? attempt : 2 ** Math.min(attempt - 1, 30);
  const delay = Math.min(retry.delayMs * factor, retry.maxDelayMs);
  return Math.round(delay * (1 - jitter / 4));
}

export function needsApproval(node: PlanNode, step: StepState): boolean {
  if ((node.kind !== 'uses' && node.kind !== 'manual') || node.approval === undefined) return false;
  return !step.approval?.granted || step.approval.isVoided;
}

function decideApproval(step: StepState, commands: Command[]): void {
  const pending = step.approval?.pending;
  if (pending) commands.push({ type: 'await-approval', path: step.path, request: pending.request });
  else commands.push({ type: 'request-approval', path: step.path });
}

/** The time-out of a step, a group or the run. */
export function timeoutOf(step: StepState, afterMs: number): Command {
  return { type: 'wake', path: step.path, timer: timeoutName(step), afterMs, accumulates: true };
}

/**
 * Why nothing new may be done here, and what is under way is to stop. A stop of what is around a `finally` does not reach
 * into it: it is there to run then.
 */
export function cutOf(state: RunState, path: string): Cut | null {
  if (isUndoPath(path)) return null;
  const shelter = finallyAround(path);
  if (abortOf(state, path) !== null) return 'abort';
  for (const group of state.timedOut) {
    const isReached = shelter === undefined || group === shelter || isInside(group, shelter);
    if (isReached && isInside(path, group)) return 'timeout';
  }
  return null;
}
