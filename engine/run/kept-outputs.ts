// Which outputs the folded state keeps in memory: those an expression may still read.
import type { Plan } from '../playbook/plan.ts';
import { nodeAt, parentPath, staticPath } from './paths.ts';

/** By a run's path. A loop that is read gathers the outputs of its instances, and of the steps of those that are groups. */
export function keptOutputs(plan: Plan): (path: string) => boolean {
  const known = new Map<string, boolean>();
  return (path) => {
    const at = staticPath(path);
    let isKept = known.get(at);
    if (isKept === undefined) {
      isKept = isRead(plan, at);
      known.set(at, isKept);
    }
    return isKept;
  };
}

function isRead(plan: Plan, path: string): boolean {
  const node = nodeAt(plan, path);
  if (!node) return true;
  if (node.isOutputRead) return true;
  const body = path.endsWith('[]') ? path : parentPath(path);
  if (!body?.endsWith('[]')) return false;
  return plan.nodes.get(body.slice(0, -2))?.isOutputRead ?? false;
}
