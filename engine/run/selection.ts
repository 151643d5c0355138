// What the operator leaves out of a run on purpose: `--from STEP` and `--only ID|tag`. Pure.
import { nodesInside, type Plan, type PlanNode } from '../playbook/plan.ts';
import type { EventData } from './events.ts';
import { finallyAround } from './paths.ts';

export type Selection = NonNullable<EventData['run.created']['selection']>;

/** By static path: why a step is left out. What is inside a step that is left out is not listed. A `finally` always runs. */
export function leftOut(plan: Plan, selection: Selection): ReadonlyMap<string, string> {
  const reasons = new Map<string, string>();
  const { from, only } = selection;
  if (from !== undefined) leaveOutBefore(plan, from, reasons);
  if (only !== undefined && only.length > 0) leaveOutOthers(plan, only, reasons);
  return reasons;
}

/** What a name of the command line means: a path, an id, or (`--only`) a tag. Empty: nothing in this plan. */
export function pathsNamed(plan: Plan, name: string, options: { readonly tags: boolean }): readonly string[] {
  if (name !== '' && plan.nodes.has(name)) return [name];
  const byId = plan.units.get('')?.paths.get(name);
  if (byId !== undefined) return [byId];
  if (!options.tags) return [];
  return [...plan.nodes.values()].filter((node) => node.tags.includes(name)).map((node) => node.path);
}

function leaveOutBefore(plan: Plan, from: string, reasons: Map<string, string>): void {
  const [target] = pathsNamed(plan, from, { tags: false });
  if (target === undefined) return;
  const reason = `the run starts from ${from}`;
  // The children of the way down to the target: those before it are left out, the one on the way is entered.
  let group: PlanNode = plan.root;
  while (group.path !== target) {
    const children: readonly PlanNode[] = nodesInside(group);
    const next: PlanNode | undefined = children.find((node) => node.path === target || holds(node, target));
    if (next === undefined) return;
    for (const node of children) {
      if (node === next) break;
      reasons.set(node.path, reason);
    }
    group = next;
  }
}

function leaveOutOthers(plan: Plan, only: readonly string[], reasons: Map<string, string>): void {
  const kept = new Set(only.flatMap((name) => pathsNamed(plan, name, { tags: true })));
  const reason = `only ${only.join(', ')} ${only.length === 1 ? 'was' : 'were'} to run`;
  const visit = (node: PlanNode): void => {
    for (const child of nodesInside(node)) {
      if (kept.has(child.path) || finallyAround(child.path) === child.path) continue;
      if (holdsAny(child, kept)) visit(child);
      else reasons.set(child.path, reason);
    }
  };
  visit(plan.root);
}

function holds(node: PlanNode, path: string): boolean {
  return path.startsWith(`${node.path}/`) || path.startsWith(`${node.path}[`);
}

function holdsAny(node: PlanNode, paths: ReadonlySet<string>): boolean {
  for (const path of paths) if (holds(node, path)) return true;
  return false;
}
