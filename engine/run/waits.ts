// What an open run waits for, from the state alone: for the screen, for `status`, and for the pause event.
import type { EventData } from './events.ts';
import { isInDoubt, type RunState, runStatus, type StepState } from './state.ts';

export interface Wait {
  readonly path: string;
  readonly title: string;
  readonly for: 'answer' | 'approval' | 'decision' | 'output' | 'doubt';
  /** A sentence's end: `the approval of one other person with the role security`. */
  readonly text: string;
}

/** What a step waits for, before it is opened, in a run that asks before each; no event tells of it. */
export const GO_AHEAD = 'your go-ahead: this run asks before each step';

/** In the order the steps were opened. */
export function waitsOf(state: RunState): readonly Wait[] {
  const waits: Wait[] = [];
  // A group, a called playbook or the run itself may have run out of time.
  const stoppedGroups = [...state.stopped].filter((path) => !state.openSteps.has(path));
  for (const path of [...stoppedGroups, ...state.openSteps]) {
    const step = state.steps.get(path);
    const wait = step && waitOf(step);
    if (wait) waits.push(wait);
  }
  return waits;
}

function waitOf(step: StepState): Wait | undefined {
  const { path, title } = step;
  const pending = step.approval?.pending;
  if (step.phase === 'stopped')
    return { path, title, for: 'decision', text: `a decision: ${step.error?.message ?? 'it failed'}` };
  if (step.phase === 'wanting') return { path, title, for: 'output', text: 'its output, which a later step reads' };
  if (isInDoubt(step)) return { path, title, for: 'doubt', text: doubtText(step) };
  if (step.phase !== 'open') return undefined;
  if (pending) {
    return { path, title, for: 'approval', text: approvalText(pending, step.approval?.votes.length ?? 0) };
  }
  if (step.kind === 'manual' && step.answer === undefined) return { path, title, for: 'answer', text: 'an answer' };
  return undefined;
}

function doubtText({ doubts }: StepState): string {
  const count = doubts.reduce((sum, doubt) => sum + doubt.ids.length, 0);
  const [first] = doubts;
  const [id] = first?.ids ?? [];
  const what = `${first?.verb ?? ''} ${first?.kind ?? ''} ${id ?? ''}`;
  return count === 1
    ? `word of what became of one change: ${what}`
    : `word of what became of ${count} changes, the first: ${what}`;
}

function approvalText(pending: EventData['approval.requested'], votes: number): string {
  const limits = pending.limits?.map(({ kind, limit, count }) => `${count} targets of kind ${kind}, over ${limit}`);
  const over = limits === undefined ? '' : ` to touch ${limits.join(' and ')}`;
  return `${approverText(pending, votes)}${over}`;
}

function approverText(pending: EventData['approval.requested'], votes: number): string {
  if (pending.by === 0 && pending.role === undefined) return 'your confirmation';
  const left = Math.max(1, pending.by) - votes;
  const who = left === 1 ? 'one other person' : `${left} other people`;
  return pending.role === undefined ? `the approval of ${who}` : `the approval of ${who} with the role ${pending.role}`;
}

export function waitLines(state: RunState): readonly string[] {
  return waitsOf(state).map(({ path, text }) => `${path === '' ? 'the run' : path}: ${text}`);
}

/** Why a process lets go of a run. */
export function pauseReason(state: RunState, isInterrupted: boolean): 'waiting' | 'failed' | 'operator' {
  if (isInterrupted) return 'operator';
  return runStatus(state) === 'failed' ? 'failed' : 'waiting';
}
