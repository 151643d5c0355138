// Where a step stands in a run. A plan's paths are static (`each[]/revoke`); a run's have the number of each instance
// (`each[3]/revoke`). Pure.
import type { Plan, PlanNode } from '../playbook/plan.ts';

const INSTANCE = /\[\d+\]/g;
/** Of a run's path, or of the static one. */
const TRAILING_INSTANCE = /\[\d*\]$/;
/** `finally` is no id, so a segment of that name is a playbook's `finally`. */
const FINALLY = /^(?:.*\/)?finally(?=\/|$)/;

export const FINALLY_SEGMENT = 'finally';

export function staticPath(path: string): string {
  return path.includes('[') ? path.replace(INSTANCE, '[]') : path;
}

/** The node of a run's path, with that very path; undefined where the plan has none. */
export function nodeAt(plan: Plan, path: string): PlanNode | undefined {
  const node = plan.nodes.get(staticPath(path));
  return node === undefined || node.path === path ? node : { ...node, path };
}

/** Steps of an undo stand at `undo<n>/<batch>`: a number alone is no id that a playbook may use. */
const UNDO = /^undo\d+\/\d+$/;

export function isUndoPath(path: string): boolean {
  return UNDO.test(path);
}

export function undoPath(undo: number, batch: number): string {
  return `undo${undo}/${batch}`;
}

/** `each[3]` is inside `each`; the run itself (''), its `finally` and the steps of an undo are inside nothing. */
export function parentPath(path: string): string | undefined {
  if (path === '' || path === FINALLY_SEGMENT || isUndoPath(path)) return undefined;
  const instance = TRAILING_INSTANCE.exec(path);
  if (instance) return path.slice(0, instance.index);
  return path.slice(0, Math.max(0, path.lastIndexOf('/')));
}

/** `each[3]/ban` → `ban`, `contain/each[3]` → `each`: of the plan's paths and of a run's. */
export function idOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1).replace(/\[\d*\]$/, '');
}

export function childPath(parent: string, id: string): string {
  return parent === '' ? id : `${parent}/${id}`;
}

export function instancePath(loop: string, index: number): string {
  return `${loop}[${index}]`;
}

/** `each[3]/revoke` is inside `each[3]` and `each`; nothing is inside itself. */
export function isInside(path: string, container: string): boolean {
  if (container === '')
    return path !== '' && !isInside(path, FINALLY_SEGMENT) && path !== FINALLY_SEGMENT && !isUndoPath(path);
  if (!path.startsWith(container) || path.length === container.length) return false;
  const next = path[container.length];
  return next === '/' || next === '[';
}

/** The innermost `finally` that holds this path, itself included. A stop of what is around it does not reach inside. */
export function finallyAround(path: string): string | undefined {
  return FINALLY.exec(path)?.[0];
}

/** The run's path of a static one that the reader can see: the loops around it are loops around the reader too. */
export function pathSeenFrom(reader: string, target: string): string {
  if (!target.includes('[]')) return target;
  const indexes = reader.match(INSTANCE) ?? [];
  let next = 0;
  return target.replace(/\[\]/g, () => {
    const index = indexes[next];
    next += 1;
    return index ?? '[]';
  });
}

/** The loops around a path, outermost first, each with the instance the path is in. */
export function loopsAround(path: string): readonly { readonly loop: string; readonly index: number }[] {
  return [...path.matchAll(INSTANCE)].map((match) => ({
    loop: path.slice(0, match.index),
    index: Number(match[0].slice(1, -1)),
  }));
}
