// What was not done, and why: skipped and failed steps, and what was left out on purpose. Pure.
import { isContainer, type RunState, type StepState } from '../run/state.ts';
import { LoopTroubles, longLoopAround, titleIn } from './in-loops.ts';
import { MOST_FACTS, type NamedFact } from './named-fact.ts';

/** Skipped and failed steps; what was left out on purpose has its own place. */
export function notDoneOf(state: RunState): NamedFact[] {
  const facts: NamedFact[] = [];
  const troubles = new LoopTroubles();
  for (const step of state.steps.values()) {
    const end = unhappyEnd(step);
    if (end === null) continue;
    const loop = longLoopAround(step.path, state);
    if (loop === null) facts.push({ title: titleIn(state, step.path), what: `${end.what}: ${end.why}` });
    else troubles.add(loop, step, { state, ...end });
  }
  return [...facts, ...troubles.facts()];
}

function unhappyEnd(step: StepState): { readonly what: 'skipped' | 'failed'; readonly why: string } | null {
  if (step.phase === 'failed' || step.phase === 'stopped') return { what: 'failed', why: step.error?.message ?? '' };
  // An aborted run is told as that, not as a skipped step.
  if (step.phase !== 'skipped' || step.path === '' || step.skip?.kind === 'selection') return null;
  // What it holds is told step by step.
  if (step.skip?.kind === 'abort' && isContainer(step.kind)) return null;
  return { what: 'skipped', why: step.skip?.text ?? '' };
}

/** By `--from` and `--only`, in a sentence; null: nothing. */
export function leftOutOf(state: RunState): string | null {
  const titles = [...state.steps.values()]
    .filter((step) => step.phase === 'skipped' && step.skip?.kind === 'selection')
    .map((step) => titleIn(state, step.path));
  const { from, only = [] } = state.created?.selection ?? {};
  const how = [
    ...(from === undefined ? [] : [`all before ${from}`]),
    ...(only.length === 0 ? [] : [`all but ${only.join(', ')}`]),
  ];
  if (titles.length === 0) return how.length === 0 ? null : how.join(' and ');
  const rest = titles.length - MOST_FACTS;
  const named = titles.slice(0, MOST_FACTS).join('; ') + (rest > 0 ? ` and ${rest} more` : '');
  return how.length === 0 ? named : `${how.join(' and ')}: ${named}`;
}
