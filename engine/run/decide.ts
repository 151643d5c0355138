// What should be under way, from the plan and the state alone. Deterministic and total; costs the frontier.
// The answer is the whole wish, not a difference: the shell starts what is missing and cancels what is no longer
// wished, so that a resume is nothing but deciding on a folded state with nothing under way.
import { unreachable } from '../errors.ts';
import type { ActionStep, Plan, PlanNode, RetryPolicy } from '../playbook/plan.ts';
import { abortOf } from './aborts.ts';
import { timeoutName } from './evolve-turns.ts';
import {
  childPath,
  FINALLY_SEGMENT,
  finallyAround,
  instancePath,
  isInside,
  isUndoPath,
  nodeAt,
  parentPath,
} from './paths.ts';
import {
  isFinal,
  isInDoubt,
  lastsSince,
  type RunState,
  type StepState,
  temporariesInEffect,
  waitsForPerson,
} from './state.ts';
import { nodeOf } from './undo-node.ts';

/** Why a step is stopped from outside: the run is being aborted, or a group around it ran out of time. */
export type Cut = 'abort' | 'timeout';

export type Command =
  /** Its turn: evaluate `when`, then open or skip it. `index`: its position among its siblings. */
  | { readonly type: 'open'; readonly path: string; readonly index: number }
  | { readonly type: 'attempt'; readonly path: string; readonly attempt: number; readonly round: number }
  /** The attempt must stop: time-out or abort. Its end is an event like any other. */
  | { readonly type: 'cancel'; readonly path: string; readonly reason: Cut }
  | { readonly type: 'request-approval'; readonly path: string }
  | { readonly type: 'await-approval'; readonly path: string; readonly request: number }
  | { readonly type: 'await-answer'; readonly path: string }
  /** A manual step has its answer: check and end it. */
  | { readonly type: 'accept-answer'; readonly path: string }
  | { readonly type: 'await-decision'; readonly path: string }
  /** A person ended it, and a later step needs its output. */
  | { readonly type: 'await-output'; readonly path: string }
  | { readonly type: 'await-doubt'; readonly path: string }
  | { readonly type: 'fail'; readonly path: string; readonly reason: 'attempts' | Cut }
  | { readonly type: 'skip'; readonly path: string; readonly reason: Cut }
  /** Everything inside has ended. */
  | { readonly type: 'close'; readonly path: string }
  | {
      readonly type: 'wake';
      readonly path: string;
      readonly timer: string;
      readonly afterMs: number;
      readonly accumulates: boolean;
      /** Wall clock, milliseconds since 1970, in place of `afterMs`; the process need not stay for it. */
      readonly at?: number;
    }
  /** The next changes to take back, or the end of it. */
  | { readonly type: 'next-undo'; readonly undo: number }
  /** The run is ending and a temporary change is still in effect: take it back, or keep it with a reason. */
  | { readonly type: 'await-temporary'; readonly path: string }
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
    case 'next-undo':
      return command.type;
    default:
      return `${command.type} ${command.path}`;
  }
}

export function decide(plan: Plan, state: RunState): Command[] {
  if (state.created === null) return [];
  if (state.undo !== null) return decideUndo(plan, state, state.undo.undo);
  if (state.endedAt !== null) return [];
  const commands: Command[] = [];
  for (const path of state.openGroups) decideGroup(plan, state, path, commands);
  for (const path of state.openSteps) decideStep(plan, state, path, commands);
  wakeGroups(plan, state, commands);
  wakeTemporaries(state, commands);
  if (state.outcome !== null) decideEnding(plan, state, commands);
  else if (!state.steps.has('')) {
    if (state.abort !== null) return [{ type: 'end', outcome: 'aborted' }];
    return [{ type: 'open', path: '', index: 0 }];
  } else if (isOver(state, '')) commands.push({ type: 'end', outcome: state.abort === null ? 'done' : 'aborted' });
  return commands;
}

/** Nothing else is done meanwhile. The run's own steps stand as they are. */
function decideUndo(plan: Plan, state: RunState, undo: number): Command[] {
  const commands: Command[] = [];
  for (const path of state.openSteps) if (isUndoPath(path)) decideStep(plan, state, path, commands);
  return commands.length > 0 ? commands : [{ type: 'next-undo', undo }];
}

/** The outcome is fixed; what is left is to take back what was temporary, and the run's `finally`, once. */
function decideEnding(plan: Plan, state: RunState, commands: Command[]): void {
  const [temporary] = temporariesInEffect(state);
  const isInFinally = plan.finally !== undefined && state.steps.has(plan.finally.path);
  if (temporary !== undefined && !isInFinally) {
    commands.push({ type: 'await-temporary', path: temporary });
    return;
  }
  const hasBegun = state.steps.has('');
  if (plan.finally === undefined || !hasBegun || isOver(state, plan.finally.path)) commands.push({ type: 'finish' });
  else if (!state.steps.has(plan.finally.path)) {
    commands.push({ type: 'open', path: plan.finally.path, index: 0 });
  }
}

function isOver(state: RunState, path: string): boolean {
  const step = state.steps.get(path);
  return step !== undefined && isFinal(step.phase);
}

/**
 * Why nothing new may be done here, and what is under way is to stop. A stop of what is around a `finally` does not reach
 * into it: it is there to run then.
 */
function cutOf(state: RunState, path: string): Cut | null {
  if (isUndoPath(path)) return null;
  const shelter = finallyAround(path);
  if (abortOf(state, path) !== null) return 'abort';
  for (const group of state.timedOut) {
    const isReached = shelter === undefined || group === shelter || isInside(group, shelter);
    if (isReached && isInside(path, group)) return 'timeout';
  }
  return null;
}

function decideGroup(plan: Plan, state: RunState, path: string, commands: Command[]): void {
  const node = nodeAt(plan, path);
  const group = state.steps.get(path);
  if (!node || !group?.active) return;
  const cut = cutOf(state, path);
  if (group.phase === 'stopped') {
    commands.push(cut === 'abort' ? { type: 'fail', path, reason: cut } : { type: 'await-decision', path });
    return;
  }
  if (group.phase === 'closing') return decideClosing(node, state, group, commands);
  const children = childrenOf(node, group);
  const isHalted = cut !== null || group.timedOut || state.stopped.size > 0;
  let underWay = group.active.size;
  let next = group.next;
  while (!isHalted && underWay < children.parallel && next < children.count) {
    const child = children.pathOf(next);
    if (!state.steps.has(child)) {
      commands.push({ type: 'open', path: child, index: next });
      underWay += 1;
    }
    next += 1;
  }
  if (underWay > 0) return;
  const isComplete = next >= children.count;
  const isWhole = isComplete && !group.wasCut;
  if (isWhole) commands.push({ type: 'close', path });
  else if (cut !== null) commands.push({ type: 'skip', path, reason: cut });
  else if (group.timedOut) commands.push({ type: 'fail', path, reason: 'timeout' });
}

/**
 * How it ends is known; before that counts, the `finally` of called playbooks that a time-out cut short inside it run,
 * inner ones first, and then its own.
 */
function decideClosing(node: PlanNode, state: RunState, group: StepState, commands: Command[]): void {
  const { path } = group;
  const owed = [...state.owed].filter((call) => isInside(call, path)).sort((a, b) => b.length - a.length);
  const own = node.kind === 'call' && node.finally !== undefined ? [path] : [];
  for (const call of [...owed, ...own]) {
    const last = childPath(call, FINALLY_SEGMENT);
    if (isOver(state, last)) continue;
    // One given up before it began, with the `finally` around it.
    if (state.steps.has(last) || abortOf(state, last) === null) {
      if (!state.steps.has(last)) commands.push({ type: 'open', path: last, index: 0 });
      return;
    }
  }
  commands.push({ type: 'close', path });
}

interface Children {
  readonly count: number;
  readonly parallel: number;
  pathOf(index: number): string;
}

function childrenOf(node: PlanNode, state: StepState): Children {
  if (node.kind === 'loop') {
    return {
      count: state.count ?? 0,
      parallel: node.concurrency,
      pathOf: (index) => instancePath(node.path, index),
    };
  }
  const steps = node.kind === 'group' || node.kind === 'call' ? node.steps : [];
  return {
    count: steps.length,
    parallel: node.kind === 'group' ? node.parallel : 1,
    pathOf: (index) => childPath(node.path, steps[index]?.id ?? ''),
  };
}

/** Time counts for a group while something in it is worked on; not while only people are waited for. */
function wakeGroups(plan: Plan, state: RunState, commands: Command[]): void {
  if (!plan.hasGroupTimeouts || state.stopped.size > 0) return;
  const woken = new Set<string>();
  for (const path of state.openSteps) {
    const step = state.steps.get(path);
    if (!step || waitsForPerson(step)) continue;
    for (let group = parentPath(path); group !== undefined && !woken.has(group); group = parentPath(group)) {
      woken.add(group);
      const node = nodeAt(plan, group);
      const own = state.steps.get(group);
      const timeoutMs = node?.kind === 'group' || node?.kind === 'call' ? node.timeoutMs : undefined;
      if (timeoutMs === undefined || !own || own.phase !== 'open' || own.timedOut) continue;
      commands.push(timeoutOf(own, timeoutMs));
    }
  }
}

/** An announcement only: nothing is taken back by the clock alone. */
function wakeTemporaries(state: RunState, commands: Command[]): void {
  // Of those that last equally long the one that ended first is due first: one timer is enough for all of them.
  const lengths = new Set<number>();
  for (const path of [...state.temporary, ...state.stopped]) {
    const step = state.steps.get(path);
    const since = step && lastsSince(step);
    // A step that stopped may have changed something before it did.
    if (!step || step.isDue || step.temporaryMs === undefined || since === undefined || !state.changes.has(path))
      continue;
    if (state.temporary.has(path)) {
      if (lengths.has(step.temporaryMs)) continue;
      lengths.add(step.temporaryMs);
    }
    const timer = `temporary:${path}#${step.openedSeq}.${step.reopens}`;
    const at = Date.parse(since) + step.temporaryMs;
    commands.push({ type: 'wake', path, timer, afterMs: step.temporaryMs, accumulates: false, at });
  }
}

function timeoutOf(step: StepState, afterMs: number): Command {
  return { type: 'wake', path: step.path, timer: timeoutName(step), afterMs, accumulates: true };
}

function decideStep(plan: Plan, state: RunState, path: string, commands: Command[]): void {
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
