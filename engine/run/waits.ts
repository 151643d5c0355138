// What an open run waits for, from the state alone: for the screen, for `status`, and for the pause event.
import type { EventData } from './events.ts';
import { type RunState, runStatus, type StepState } from './state.ts';

export interface Wait {
  readonly path: string;
  readonly title: string;
  readonly for: 'answer' | 'approval' | 'decision';
  /** A sentence's end: `the approval of one other person with the role security`. */
  readonly text: string;
}

/** In the order the steps were opened. */
export function waitsOf(state: RunState): readonly Wait[] {
  const waits: Wait[] = [];
  for (const path of state.openSteps) {
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
  if (step.phase !== 'open') return undefined;
  if (pending) {
    return { path, title, for: 'approval', text: approvalText(pending, step.approval?.votes.length ?? 0) };
  }
  if (step.kind === 'manual' && step.answer === undefined) return { path, title, for: 'answer', text: 'an answer' };
  return undefined;
}

function approvalText(pending: EventData['approval.requested'], votes: number): string {
  if (pending.by === 0 && pending.role === undefined) return 'your confirmation';
  const left = Math.max(1, pending.by) - votes;
  const who = left === 1 ? 'one other person' : `${left} other people`;
  return pending.role === undefined ? `the approval of ${who}` : `the approval of ${who} with the role ${pending.role}`;
}

export function waitLines(state: RunState): readonly string[] {
  return waitsOf(state).map((wait) => `${wait.path}: ${wait.text}`);
}

/** Why a process lets go of a run. */
export function pauseReason(state: RunState, isInterrupted: boolean): 'waiting' | 'failed' | 'operator' {
  if (isInterrupted) return 'operator';
  return runStatus(state) === 'failed' ? 'failed' : 'waiting';
}
