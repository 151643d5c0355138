// What should be under way, from the plan and the state alone. Deterministic and total; costs the frontier.
// The answer is the whole wish, not a difference: the shell starts what is missing and cancels what is no longer
// wished, so that a resume is nothing but deciding on a folded state with nothing under way.
import type { Plan, PlanNode } from '../playbook/plan.ts';
import { abortOf } from './aborts.ts';
import { temporariesInEffect } from './change-views.ts';
import type { Command } from './commands.ts';
import { cutOf, decideStep, timeoutOf } from './decide-step.ts';
import { childPath, FINALLY_SEGMENT, instancePath, isInside, isUndoPath, nodeAt, parentPath } from './paths.ts';
import { isFinal, lastsSince, type RunState, type StepState, waitsForPerson } from './state.ts';

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
