// Which of a container's steps are in sight: those under way, and a window around where its turns stand. Pure; costs the
// window, however many siblings there are and however many of them are under way at once.
import { isInside } from '../run/paths.ts';
import type { RunState, StepState } from '../run/state.ts';

/**
 * Indexes of what is listed, ascending.
 * @param last where the listing ends at most: how many siblings there are, or how many had their turn.
 */
export function siblingsInSight(
  container: StepState | undefined,
  state: RunState,
  of: { readonly last: number; readonly window: number },
): number[] {
  const next = container?.next ?? 0;
  const indexes = new Set<number>();
  const add = (path: string): void => {
    const index = state.steps.get(path)?.index;
    if (index !== undefined) indexes.add(index);
  };
  for (const path of firstOf(container?.active ?? [], of.window)) add(path);
  // Where more are under way than are listed, one that needs a decision must not be hidden by the others.
  if (container && indexes.size >= of.window)
    for (const path of firstOf(state.stopped, of.window))
      if (isInside(path, container.path)) add(childOf(path, container));
  for (let index = Math.max(0, next - of.window); index < Math.min(of.last, next + of.window); index += 1)
    indexes.add(index);
  return [...indexes].sort((a, b) => a - b);
}

function* firstOf<T>(values: Iterable<T>, most: number): Iterable<T> {
  let left = most;
  for (const value of values) {
    if (left === 0) return;
    left -= 1;
    yield value;
  }
}

/** The step directly inside the container that is, or holds, this path. */
function childOf(path: string, container: StepState): string {
  const start = container.path === '' ? 0 : container.path.length + 1;
  const rest = path.slice(start);
  const end = container.kind === 'loop' ? rest.indexOf(']') + 1 : rest.search(/[/[]/);
  return end <= 0 ? path : path.slice(0, start + end);
}
