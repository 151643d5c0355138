// Outputs that the steps of a changed playbook need and that could never come: the step that would give them is new, or was
// not needed before, and what it stands in has ended. Pure.
import type { Plan } from '../playbook/plan.ts';
import { isInside, parentPath, staticPath } from './paths.ts';
import { isFinal, type RunState, type StepState } from './state.ts';
import { mayNeed, needsOutputOf, stepReaders } from './step-readers.ts';

/** A line each. */
export function lostOutputs(oldPlan: Plan, newPlan: Plan, state: RunState): readonly string[] {
  const readers = stepReaders(newPlan);
  const standing = byStaticPath(state);
  return [...newPlan.nodes.values()].flatMap((node) => {
    const before = oldPlan.nodes.get(node.path);
    if (!needsOutputOf(node) || standing.has(node.path) || (before !== undefined && needsOutputOf(before))) return [];
    const ended = endedAround(node.path, standing);
    if (ended === undefined) return [];
    const reader = [...(readers.get(node.path) ?? [])].find(
      (one) => mayNeed(one, node.path) && !isInside(one, ended) && !hasEnded(one, standing),
    );
    if (reader === undefined) return [];
    const what = before === undefined ? 'is new' : 'never had its turn';
    return [`${node.path} ${what}, and ${reader} reads its output: it cannot come, for ${ended} has ended`];
  });
}

function byStaticPath(state: RunState): ReadonlyMap<string, readonly StepState[]> {
  const standing = new Map<string, StepState[]>();
  for (const step of state.steps.values()) {
    const path = staticPath(step.path);
    const known = standing.get(path);
    if (known) known.push(step);
    else standing.set(path, [step]);
  }
  return standing;
}

/** The nearest container that had its turn, where that is over: the static path of it. */
function endedAround(path: string, standing: ReadonlyMap<string, readonly StepState[]>): string | undefined {
  for (let around = parentPath(path); around !== undefined; around = parentPath(around)) {
    const instances = standing.get(around);
    if (instances !== undefined) return instances.some(isOver) ? around : undefined;
  }
  return undefined;
}

/** One cut short by a time-out comes again where somebody retries the group around it. */
function isOver(step: StepState): boolean {
  return step.phase === 'closing' || (isFinal(step.phase) && step.skip?.kind !== 'timeout');
}

function hasEnded(path: string, standing: ReadonlyMap<string, readonly StepState[]>): boolean {
  return !path.includes('[]') && (standing.get(path)?.every((step) => isFinal(step.phase)) ?? false);
}
