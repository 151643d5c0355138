// What should be under way, from the plan and the state alone. Deterministic and total; costs the frontier.
// The answer is the whole wish, not a difference: the shell starts what is missing and cancels what is no longer
// wished, so that a resume is nothing but deciding on a folded state with nothing under way.
import { unreachable } from '../errors.ts';
import type { ActionStep, Plan, PlanNode, RetryPolicy } from '../playbook/plan.ts';
import type { RunState, StepState } from './state.ts';

export type Command =
  /** Its turn: evaluate `when`, then open or skip it. */
  | { readonly type: 'open'; readonly path: string }
  | { readonly type: 'attempt'; readonly path: string; readonly attempt: number; readonly round: number }
  /** The attempt must stop: time-out or abort. Its end is an event like any other. */
  | { readonly type: 'cancel'; readonly path: string; readonly reason: 'timeout' | 'abort' }
  | { readonly type: 'request-approval'; readonly path: string }
  | { readonly type: 'await-approval'; readonly path: string; readonly request: number }
  | { readonly type: 'await-answer'; readonly path: string }
  /** A manual step has its answer: check and end it. */
  | { readonly type: 'accept-answer'; readonly path: string }
  | { readonly type: 'await-decision'; readonly path: string }
  | { readonly type: 'fail'; readonly path: string; readonly reason: 'attempts' | 'timeout' | 'abort' }
  | { readonly type: 'skip'; readonly path: string; readonly reason: 'abort' }
  | { readonly type: 'close'; readonly path: string }
  | {
      readonly type: 'wake';
      readonly path: string;
      readonly timer: string;
      readonly afterMs: number;
      readonly accumulates: boolean;
    }
  | { readonly type: 'end'; readonly outcome: 'done' | 'aborted' }
  | { readonly type: 'finish' };

/** The identity of a command: the same wish twice is one piece of work. */
export function commandKey(command: Command): string {
  switch (command.type) {
    case 'attempt':
      // One key over attempts: the next one is wished only after the last one's end is an event.
      return `attempt ${command.path}`;
    case 'await-approval':
      return `await-approval ${command.path} ${command.request}`;
    case 'wake':
      return `wake ${command.timer}`;
    case 'end':
    case 'finish':
      return command.type;
    default:
      return `${command.type} ${command.path}`;
  }
}

export function decide(plan: Plan, state: RunState): Command[] {
  if (state.created === null || state.endedAt !== null) return [];
  if (state.outcome !== null) return [{ type: 'finish' }];
  const commands: Command[] = [];
  const isAborting = state.abort !== null;
  for (const path of state.openGroups) decideGroup(plan, state, path, commands, isAborting);
  for (const path of state.openSteps) decideStep(plan, state, path, commands, isAborting);
  if (!state.steps.has('')) {
    if (isAborting) return [{ type: 'end', outcome: 'aborted' }];
    return [{ type: 'open', path: '' }];
  }
  if (!state.openGroups.has('')) commands.push({ type: 'end', outcome: isAborting ? 'aborted' : 'done' });
  return commands;
}

function decideGroup(plan: Plan, state: RunState, path: string, commands: Command[], isAborting: boolean): void {
  const node = plan.nodes.get(path);
  const group = state.steps.get(path);
  if (node?.kind !== 'group' || !group?.active) return;
  const isHalted = isAborting || state.stopped.size > 0;
  let underWay = group.active.size;
  let next = group.next;
  while (!isHalted && underWay < node.parallel && next < node.steps.length) {
    const child = node.steps[next];
    next += 1;
    if (!child || state.steps.has(child.path)) continue;
    commands.push({ type: 'open', path: child.path });
    underWay += 1;
  }
  if (underWay > 0) return;
  if (isAborting)
    commands.push(next < node.steps.length ? { type: 'skip', path, reason: 'abort' } : { type: 'close', path });
  else if (next >= node.steps.length) commands.push({ type: 'close', path });
}

function decideStep(plan: Plan, state: RunState, path: string, commands: Command[], isAborting: boolean): void {
  const node = plan.nodes.get(path);
  const step = state.steps.get(path);
  if (!node || !step) return;
  if (isAborting) return decideAborting(step, commands);
  switch (step.phase) {
    case 'stopped':
      commands.push({ type: 'await-decision', path });
      return;
    case 'open':
    case 'attempting':
    case 'retrying':
    case 'polling':
      return node.kind === 'manual' ? decideManual(node, step, commands) : decideAction(node, state, step, commands);
    case 'done':
    case 'skipped':
    case 'failed':
      return;
    default:
      return unreachable(step.phase);
  }
}

function decideAborting(step: StepState, commands: Command[]): void {
  if (step.phase === 'attempting') commands.push({ type: 'cancel', path: step.path, reason: 'abort' });
  else if (step.phase === 'stopped') commands.push({ type: 'fail', path: step.path, reason: 'abort' });
  else commands.push({ type: 'skip', path: step.path, reason: 'abort' });
}

function decideManual(node: PlanNode, step: StepState, commands: Command[]): void {
  // Its approval was denied.
  if (step.phase === 'retrying') commands.push({ type: 'fail', path: step.path, reason: 'attempts' });
  else if (step.answer === undefined) commands.push({ type: 'await-answer', path: step.path });
  else if (needsApproval(node, step)) decideApproval(step, commands);
  else commands.push({ type: 'accept-answer', path: step.path });
}

function decideAction(node: PlanNode, state: RunState, step: StepState, commands: Command[]): void {
  if (node.kind !== 'uses') return;
  const { path } = step;
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
  const isHalted = state.stopped.size > 0;
  if (step.phase === 'attempting') {
    commands.push({ type: 'attempt', path, attempt: Math.max(1, step.attempt), round: step.round });
  } else if (step.phase === 'open') {
    if (needsApproval(node, step)) return decideApproval(step, commands);
    if (isHalted) return;
    commands.push({ type: 'attempt', path, attempt: step.attempt + 1, round: step.round });
  } else if (isHalted) {
    return;
  } else {
    commands.push(wait(node, step));
  }
  if (node.timeoutMs !== undefined) {
    commands.push({
      type: 'wake',
      path,
      timer: `timeout:${path}#${step.reopens}`,
      afterMs: node.timeoutMs,
      accumulates: true,
    });
  }
}

function wait(node: ActionStep, step: StepState): Command {
  const name = `${step.path}#${step.reopens}.${step.starts}`;
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
  if (node.kind === 'group' || node.approval === undefined) return false;
  return !step.approval?.granted || step.approval.isVoided;
}

function decideApproval(step: StepState, commands: Command[]): void {
  const pending = step.approval?.pending;
  if (pending) commands.push({ type: 'await-approval', path: step.path, request: pending.request });
  else commands.push({ type: 'request-approval', path: step.path });
}
