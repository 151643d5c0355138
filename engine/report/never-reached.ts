// Steps that a run which is over never came to: it was aborted before, or something around them was cut short. Pure.
import { parentPath, staticPath } from '../run/paths.ts';
import type { RunState, StepState } from '../run/state.ts';
import { titleIn } from './in-loops.ts';
import type { NamedFact } from './named-fact.ts';
import type { WrittenStep } from './written-steps.ts';

/** In the order of the playbook; of a group that was never reached its own line alone. */
export function neverReachedOf(state: RunState, written: readonly WrittenStep[]): readonly NamedFact[] {
  if (state.endedAt === null) return [];
  const loops = reachedInstances(state);
  const facts: NamedFact[] = [];
  const look = (steps: readonly WrittenStep[], around: string | null): void => {
    for (const one of steps) {
      const step = state.steps.get(one.path);
      if (step === undefined) {
        const title = around === null ? one.title : `${around}: ${one.title}`;
        facts.push({ title, what: `never reached${countText(one)}` });
        continue;
      }
      if (one.isLoop) {
        const missing = (step.count ?? 0) - (loops.get(one.path) ?? 0);
        if (missing > 0 && wasCut(step))
          facts.push({ title: titleIn(state, one.path), what: `${missing} of ${step.count} items never reached` });
      } else if (wasCut(step)) look(one.inside, step.kind === 'call' ? titleIn(state, one.path) : around);
    }
  };
  look(written, null);
  return facts;
}

/** What is inside a step that was left out on purpose, or that a person skipped, is told with it. */
function wasCut({ phase, skip }: StepState): boolean {
  return phase !== 'skipped' || skip?.kind === 'abort' || skip?.kind === 'timeout';
}

/** Instances that had their turn, by the static path of their loop where it is in no other. */
function reachedInstances(state: RunState): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const path of state.steps.keys()) {
    const loop = path.endsWith(']') ? parentPath(path) : undefined;
    if (loop !== undefined && staticPath(loop) === loop) counts.set(loop, (counts.get(loop) ?? 0) + 1);
  }
  return counts;
}

function countText(step: WrittenStep): string {
  const count = countLeaves(step.inside);
  return count === 0 ? '' : `, with ${count} ${count === 1 ? 'step' : 'steps'} in it`;
}

function countLeaves(steps: readonly WrittenStep[]): number {
  return steps.reduce((sum, { inside }) => sum + (inside.length === 0 ? 1 : countLeaves(inside)), 0);
}
