// The fold of turns: steps open in their groups, end in them, and come again.
import type { JsonObject } from '../json.ts';
import { isUndone } from './change-views.ts';
import type { RunEvent } from './events.ts';
import { openBatch, settleInverse } from './evolve-undo.ts';
import { FINALLY_SEGMENT, isInside, parentPath } from './paths.ts';
import { isContainer, isFinal, type RunState, type StepState } from './state.ts';

export function openStep(state: RunState, event: RunEvent<'step.opened'>): void {
  const path = event.step ?? '';
  if (state.steps.has(path)) return;
  const { kind, title, index, items, count, inputs, vars, hasFinally, inverse, temporaryMs } = event.data;
  const step = newStep({ path, kind, title, index, at: event.at, seq: event.seq, isEntered: true });
  if (items !== undefined) step.items = items;
  if (count !== undefined) step.count = count;
  if (inputs !== undefined) step.inputs = inputs;
  if (vars !== undefined) step.vars = vars;
  if (hasFinally !== undefined) step.hasFinally = hasFinally;
  if (temporaryMs !== undefined) step.temporaryMs = temporaryMs;
  if (inverse !== undefined) {
    step.inverse = inverse;
    openBatch(state, inverse);
  }
  state.steps.set(path, step);
  enterParent(state, path, index);
  if (isContainer(kind)) state.openGroups.add(path);
  else state.openSteps.add(path);
}

function newStep(of: {
  path: string;
  kind: StepState['kind'];
  title: string;
  index: number;
  at: string;
  seq: number;
  isEntered: boolean;
}): StepState {
  return {
    path: of.path,
    kind: of.kind,
    title: of.title,
    openedSeq: of.seq,
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
    doubts: [],
    wasCut: false,
    next: 0,
    ahead: isContainer(of.kind) ? new Set() : null,
    active: isContainer(of.kind) ? new Set() : null,
  };
}

export function reopen(state: RunState, step: StepState, inputs?: RunEvent<'step.reopened'>['data']['inputs']): void {
  if (mayRedo(state, step)) return redo(state, step, inputs);
  if (step.phase !== 'stopped') return;
  if (isUndone(state, step)) countRedo(step);
  state.stopped.delete(step.path);
  if (!step.isEntered) return takeTurnBack(state, step);
  delete step.error;
  delete step.answer;
  delete step.stoppedAt;
  step.isDue = false;
  if (inputs !== undefined) editInputs(step, inputs);
  step.phase = 'open';
  step.attempt = 0;
  step.reopens += 1;
  step.timedOut = false;
  step.wasCut = false;
  if (isContainer(step.kind)) revive(state, step);
}

/** What it had done was taken back: it begins anew. */
function countRedo(step: StepState): void {
  step.redos = (step.redos ?? 0) + 1;
  delete step.checkpoint;
}

function editInputs(step: StepState, inputs: JsonObject): void {
  step.editedInputs = inputs;
  step.edits = (step.edits ?? 0) + 1;
}

/** Done, and taken back: it can be done again while what it stands in is open. */
export function mayRedo(state: RunState, step: StepState): boolean {
  const parent = parentOf(state, step.path);
  if (step.phase !== 'done' || isContainer(step.kind) || state.outcome !== null) return false;
  return parent?.active != null && !isFinal(parent.phase) && parent.phase !== 'closing' && isUndone(state, step);
}

function redo(state: RunState, step: StepState, inputs: RunEvent<'step.reopened'>['data']['inputs']): void {
  for (const name of ['endedAt', 'durationMs', 'output', 'by', 'note', 'error', 'answer'] as const) delete step[name];
  // What was approved has been done, and was taken back since: doing it again is another decision.
  if (step.approval) step.approval = { ...step.approval, granted: null, isVoided: true };
  if (inputs !== undefined) editInputs(step, inputs);
  countRedo(step);
  step.phase = 'open';
  step.attempt = 0;
  step.round = 0;
  step.reopens += 1;
  step.isDue = false;
  state.temporary.delete(step.path);
  state.kept.delete(step.path);
  state.openSteps.add(step.path);
  parentOf(state, step.path)?.active?.add(step.path);
}

/** Its turn comes again, `when` included. */
function takeTurnBack(state: RunState, step: StepState): void {
  state.steps.delete(step.path);
  state.openSteps.delete(step.path);
  const parent = parentOf(state, step.path);
  parent?.active?.delete(step.path);
  if (!parent || step.path.endsWith(`/${FINALLY_SEGMENT}`)) return;
  for (let later = step.index + 1; later < parent.next; later += 1) parent.ahead?.add(later);
  parent.ahead?.delete(step.index);
  parent.next = Math.min(parent.next, step.index);
}

/** What was cut short since this container ran out of time comes again with it. Parents come before what is in them. */
function revive(state: RunState, container: StepState): void {
  for (const step of state.steps.values()) {
    if (step.skip?.kind !== 'timeout' || !isInside(step.path, container.path)) continue;
    if (!step.isEntered || !isContainer(step.kind)) {
      takeTurnBack(state, step);
      continue;
    }
    delete step.skip;
    delete step.endedAt;
    step.phase = 'open';
    step.wasCut = false;
    step.timedOut = false;
    step.reopens += 1;
    state.owed.delete(step.path);
    state.openGroups.add(step.path);
    parentOf(state, step.path)?.active?.add(step.path);
  }
}

/** The parent's cursor moves past this child, and the child counts as open in it. A `finally` has no turn among them. */
function enterParent(state: RunState, path: string, index: number): void {
  const parent = parentOf(state, path);
  if (!parent?.active) return;
  parent.active.add(path);
  if (path.endsWith(`/${FINALLY_SEGMENT}`)) return;
  parent.ahead?.add(index);
  while (parent.ahead?.delete(parent.next)) parent.next += 1;
}

function parentOf(state: RunState, path: string): StepState | undefined {
  const parent = parentPath(path);
  return parent === undefined ? undefined : state.steps.get(parent);
}

export function endUnhappily(state: RunState, event: RunEvent<'step.skipped' | 'step.failed'>): void {
  const path = event.step ?? '';
  let step = state.steps.get(path);
  if (!step) {
    const { index = 0, title = path } = event.data;
    step = newStep({ path, kind: 'uses', title, index, at: event.at, seq: event.seq, isEntered: false });
    state.steps.set(path, step);
    enterParent(state, path, index);
    state.openSteps.add(path);
  }
  if (isFinal(step.phase) || step.phase === 'closing') return;
  if (event.type === 'step.skipped') return skip(state, step, event);
  step.error = event.data.error;
  state.timedOut.delete(path);
  if (event.data.onFailure === 'pause') {
    step.phase = 'stopped';
    step.stoppedAt = event.at;
    state.stopped.add(path);
    return;
  }
  if (event.data.onFailure === 'continue') state.tolerated.add(path);
  else {
    state.abort ??= { by: 'engine', reason: `${step.title} failed and its playbook says abort` };
    markCut(state, step);
  }
  settle(state, step, 'failed', event.at);
}

/** What holds this step is not complete, although all in it may have ended. */
function markCut(state: RunState, step: StepState): void {
  const parent = parentOf(state, step.path);
  if (parent) parent.wasCut = true;
}

function skip(state: RunState, step: StepState, event: RunEvent<'step.skipped'>): void {
  const { reason, needsOutput, output } = event.data;
  // Ended by a person already; what is given up is only the output that was asked for.
  if (step.phase === 'wanting') return settle(state, step, step.end ?? 'skipped', event.at);
  step.skip = reason;
  if (reason.kind === 'timeout' || reason.kind === 'abort') markCut(state, step);
  if (output !== undefined && keeps(state, step)) step.output = output;
  if (needsOutput) return want(state, step, 'skipped');
  settle(state, step, 'skipped', event.at);
}

export function keeps(state: RunState, step: StepState): boolean {
  return state.keepsOutput === null || state.keepsOutput(step.path);
}

/** A person ended it, and must still give what a later step reads. */
export function want(state: RunState, step: StepState, end: 'done' | 'skipped'): void {
  step.phase = 'wanting';
  step.end = end;
  state.stopped.delete(step.path);
  state.openGroups.delete(step.path);
  state.openSteps.add(step.path);
}

export function settle(state: RunState, step: StepState, end: 'done' | 'skipped' | 'failed', at: string): void {
  if (step.approval) step.approval.pending = null;
  step.doubts = [];
  delete step.lastInputs;
  state.openSteps.delete(step.path);
  state.stopped.delete(step.path);
  state.timedOut.delete(step.path);
  const owed = [...state.owed].filter((call) => isInside(call, step.path));
  // Out of time with what is around it, it may yet go on: its `finally` waits for that decision.
  const mayGoOn = end === 'skipped' && step.skip?.kind === 'timeout';
  if (mayGoOn && step.hasFinally) state.owed.add(step.path);
  else if (!mayGoOn && step.phase !== 'closing' && (step.hasFinally || owed.length > 0)) {
    step.phase = 'closing';
    step.end = end;
    state.openGroups.add(step.path);
    return;
  }
  if (!mayGoOn) for (const call of owed) state.owed.delete(call);
  step.phase = end;
  if (step.temporaryMs !== undefined && state.changes.has(step.path)) state.temporary.add(step.path);
  if (step.inverse) settleInverse(state, step, step.inverse);
  delete step.end;
  step.endedAt = at;
  state.openGroups.delete(step.path);
  parentOf(state, step.path)?.active?.delete(step.path);
}

/** Of a step's or a group's time-out: another one after each decision of a person. */
export function timeoutName({ path, openedSeq, reopens }: StepState): string {
  return `timeout:${path}#${openedSeq}.${reopens}`;
}

export function fireTimer(state: RunState, timer: string, path: string | undefined): void {
  const step = path === undefined ? undefined : state.steps.get(path);
  if (step && timer.startsWith('temporary:')) {
    step.isDue = true;
    return;
  }
  if (!step || isFinal(step.phase) || step.phase === 'closing') return;
  if (timer.startsWith('timeout:')) {
    // One of an earlier turn, that fired while a question was put.
    if (timer !== timeoutName(step)) return;
    step.timedOut = true;
    if (isContainer(step.kind)) state.timedOut.add(step.path);
    return;
  }
  if (step.phase === 'retrying' || step.phase === 'polling') step.phase = 'open';
}
