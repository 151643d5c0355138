// Changes of steps that are not worked on any more, whose outcome nobody knows: in words, with what to type. Pure.

import { openChangesOf } from '../run/change-views.ts';
import { asDoubts } from '../run/open-outcomes.ts';
import { type Change, isFinal, type RunState } from '../run/state.ts';
import { doubtPhrase } from './doubt-words.ts';
import { oneLine, shellWord } from './text.ts';

const MOST_PHRASES = 3;
const MOST_STEPS = 3;

/** Those that no attempt will look at by itself: of steps that have ended or stopped, and of a run that has. */
export function leftOpen(state: RunState): readonly Change[] {
  return openChangesOf(state).filter((change) => {
    const step = state.steps.get(change.step);
    return state.endedAt !== null || step === undefined || isFinal(step.phase) || step.phase === 'stopped';
  });
}

/** `2 changes have no known outcome: ban user a, b`. */
export function openOutcomeText(changes: readonly Change[]): string {
  const phrases = asDoubts(changes).map(doubtPhrase);
  const more = phrases.length > MOST_PHRASES ? '; …' : '';
  const what = changes.length === 1 ? 'One change has' : `${changes.length} changes have`;
  return oneLine(`${what} no known outcome: ${phrases.slice(0, MOST_PHRASES).join('; ')}${more}`);
}

/** What they are, and the commands that settle them; none where there are none. */
export function openOutcomeLines(runId: string, changes: readonly Change[]): readonly string[] {
  if (changes.length === 0) return [];
  const steps = [...new Set(changes.map((change) => change.step))];
  const run = shellWord(runId);
  const commands =
    steps.length > MOST_STEPS
      ? [`  runbook settle ${run}`]
      : steps.map((step) => `  runbook settle ${run} ${shellWord(step)} CHOICE --reason WHY`);
  return [`${openOutcomeText(changes)}. Find out, then (CHOICE: done or skip):`, ...commands];
}
