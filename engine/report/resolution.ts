// What was done: steps that changed something, and what people did by hand. Pure.
import { isContainer, type RunState, type StepState } from '../run/state.ts';
import { changePhrases } from '../ui/change-words.ts';
import { LoopSums, longLoopAround, titleIn } from './in-loops.ts';
import { shortValue } from './short-value.ts';
import { type Touched, touchedBy } from './touched.ts';

/** A step that changed something, or that people did by hand. */
export interface ResolutionEntry {
  readonly title: string;
  readonly what: string;
  readonly touched: readonly Touched[];
  /** What was answered to a manual step, shortened; what the report tells elsewhere in full is left out. */
  readonly answers: readonly { readonly name: string; readonly value: string }[];
}

/** In the order the steps had their turn; a long loop is one entry. */
export function resolutionOf(state: RunState, toldInFull: ReadonlySet<string | null>): ResolutionEntry[] {
  const sums = new LoopSums();
  const entries: (ResolutionEntry | { readonly loop: string })[] = [];
  const loops = new Set<string>();
  for (const step of state.steps.values()) {
    const loop = longLoopAround(step.path, state);
    if (loop === null) {
      if (!isContainer(step.kind)) entries.push(...resolutionOfStep(step, state, toldInFull));
      continue;
    }
    // In the place of the first step inside it.
    if (!loops.has(loop)) entries.push({ loop });
    loops.add(loop);
    sums.add(loop, step, state.changes.get(step.path)?.values() ?? []);
  }
  return entries.flatMap((entry) => {
    if (!('loop' in entry)) return [entry];
    const what = sums.textOf(entry.loop, state);
    const touched = touchedBy(sums.changesOf(entry.loop));
    return what === null ? [] : [{ title: titleIn(state, entry.loop), what, touched, answers: [] }];
  });
}

function resolutionOfStep(step: StepState, state: RunState, toldInFull: ReadonlySet<string | null>): ResolutionEntry[] {
  const changes = [...(state.changes.get(step.path)?.values() ?? [])];
  const phrases = changePhrases(changes);
  const isByHand = step.phase === 'done' && (step.kind === 'manual' || step.by !== undefined);
  if (phrases.length === 0 && !isByHand) return [];
  if (step.by !== undefined) phrases.push(`done by ${step.by}`);
  if (step.note !== undefined) phrases.push(step.note);
  const answers = Object.entries(step.answer?.fields ?? {})
    .filter(([, value]) => typeof value !== 'string' || !toldInFull.has(value))
    .map(([name, value]) => ({ name, value: shortValue(value) }));
  return [{ title: titleIn(state, step.path), what: phrases.join('; '), touched: touchedBy(changes), answers }];
}
