// What the operator leaves out of a run on purpose: `--from STEP` and `--only ID|tag`. Pure.
import { nodesInside, type Plan, type PlanNode } from '../playbook/plan.ts';
import type { EventData } from './events.ts';
import { finallyAround, isInside, parentPath } from './paths.ts';
import { mayNeed, needsOutputOf, stepReaders } from './step-readers.ts';

export type Selection = NonNullable<EventData['run.created']['selection']>;

export interface LeftOut {
  /** Why. */
  readonly text: string;
  /** A step that is to run reads its output: a person must give it. */
  readonly isOutputWanted: boolean;
}

/**
 * By static path: what is left out. What is inside a step that is left out is not listed; a group whose steps' outputs are
 * wanted is entered, and they are left out one by one. A `finally` runs, from where the run starts.
 */
export function leftOut(plan: Plan, selection: Selection): ReadonlyMap<string, LeftOut> {
  const reasons = new Map<string, string>();
  const { from, only } = selection;
  if (from !== undefined) leaveOutBefore(plan, from, reasons);
  if (only !== undefined && only.length > 0) leaveOutOthers(plan, only, reasons);
  const wanted = enterWhereWanted(plan, reasons);
  return new Map([...reasons].map(([path, text]) => [path, { text, isOutputWanted: wanted.has(path) }]));
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
  const { finally: last } = plan;
  const isInLast = last !== undefined && (target === last.path || holds(last, target));
  // All of the body comes before the run's `finally`.
  if (isInLast) for (const node of plan.root.steps) reasons.set(node.path, reason);
  // The children of the way down to the target: those before it are left out, the one on the way is entered.
  let group: PlanNode = isInLast ? last : plan.root;
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

/** Lists the children in the place of each group that holds a wanted step. @returns the steps whose outputs are wanted. */
function enterWhereWanted(plan: Plan, reasons: Map<string, string>): ReadonlySet<string> {
  const readers = stepReaders(plan);
  while (true) {
    const wanted = wantedOutputs(plan, reasons, readers);
    const groups = [...reasons].flatMap(([path, reason]) => {
      const node = plan.nodes.get(path);
      const isOnTheWay = node?.kind === 'group' && [...wanted].some((one) => isInside(one, path));
      return isOnTheWay ? [{ node, reason }] : [];
    });
    if (groups.length === 0) return wanted;
    // Its `when` is evaluated now, and reads too: once more.
    for (const { node, reason } of groups) {
      reasons.delete(node.path);
      for (const child of node.steps) reasons.set(child.path, reason);
    }
  }
}

function wantedOutputs(
  plan: Plan,
  reasons: ReadonlyMap<string, string>,
  readers: ReturnType<typeof stepReaders>,
): ReadonlySet<string> {
  const wanted = new Set<string>();
  for (const node of plan.nodes.values()) {
    if (!needsOutputOf(node) || !isLeftOut(node.path, reasons)) continue;
    for (const reader of readers.get(node.path) ?? [])
      if (!isLeftOut(reader, reasons) && mayNeed(reader, node.path)) wanted.add(node.path);
  }
  return wanted;
}

function isLeftOut(path: string, reasons: ReadonlyMap<string, string>): boolean {
  for (let at: string | undefined = path; at !== undefined; at = parentPath(at)) if (reasons.has(at)) return true;
  return false;
}

function holds(node: PlanNode, path: string): boolean {
  return path.startsWith(`${node.path}/`) || path.startsWith(`${node.path}[`);
}

function holdsAny(node: PlanNode, paths: ReadonlySet<string>): boolean {
  for (const path of paths) if (holds(node, path)) return true;
  return false;
}
