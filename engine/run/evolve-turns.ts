// The fold of turns: steps open in their groups, end in them, and come again.
import type { RunEvent } from './events.ts';
import { isFinal, type RunState, type StepState } from './state.ts';

export function openStep(state: RunState, event: RunEvent<'step.opened'>): void {
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

export function reopen(state: RunState, step: StepState): void {
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
  // Another answer is another thing to approve; an action's approval is bound to its inputs and stays.
  if (step.kind === 'manual' && step.approval) step.approval = { ...step.approval, granted: null, isVoided: true };
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

export function endUnhappily(state: RunState, event: RunEvent<'step.skipped' | 'step.failed'>): void {
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

export function settle(state: RunState, step: StepState, phase: 'done' | 'skipped' | 'failed', at: string): void {
  step.phase = phase;
  step.endedAt = at;
  if (step.approval) step.approval.pending = null;
  state.openSteps.delete(step.path);
  state.openGroups.delete(step.path);
  state.stopped.delete(step.path);
  parentOf(state, step.path)?.active?.delete(step.path);
}

export function fireTimer(state: RunState, timer: string, path: string | undefined): void {
  const step = path === undefined ? undefined : state.steps.get(path);
  if (!step || isFinal(step.phase)) return;
  if (timer.startsWith('timeout:')) {
    step.timedOut = true;
    return;
  }
  if (step.phase === 'retrying' || step.phase === 'polling') step.phase = 'open';
}
