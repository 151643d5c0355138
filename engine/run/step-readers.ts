// Which steps' expressions read which step: for those who must know whether anybody still wants an output. Pure.
import type { Expression, Plan, PlanNode, Template } from '../playbook/plan.ts';
import { finallyAround, isInside } from './paths.ts';

type Reads = Pick<Expression | Template, 'readsSteps'>;

/** By static path of a step: the static paths of those that read it; of a called playbook's outputs, that of the call. */
export function stepReaders(plan: Plan): ReadonlyMap<string, ReadonlySet<string>> {
  const readers = new Map<string, Set<string>>();
  const note = (reader: string, unit: string, reads: Reads | undefined): void => {
    for (const id of reads?.readsSteps ?? []) {
      const target = plan.units.get(unit)?.paths.get(id);
      if (target === undefined) continue;
      const known = readers.get(target);
      if (known) known.add(reader);
      else readers.set(target, new Set([reader]));
    }
  };
  for (const node of plan.nodes.values()) for (const reads of readsOf(node)) note(node.path, node.unit, reads);
  // The run's own outputs wait for nobody: what cannot be computed is said there.
  for (const { path, outputs } of plan.units.values())
    if (path !== '') for (const { value } of outputs) note(path, path, value);
  return readers;
}

/** True where this reader cannot do without the step's output: in `finally` every step before is guarded. */
export function mayNeed(reader: string, target: string): boolean {
  const shelter = finallyAround(reader);
  return shelter === undefined || isInside(target, shelter);
}

/** A person who ends it must give its output: a later step reads it without asking whether it is there. */
export function needsOutputOf(node: PlanNode): boolean {
  return node.isOutputNeeded && node.output !== undefined;
}

function readsOf(node: PlanNode): readonly (Reads | undefined)[] {
  switch (node.kind) {
    case 'uses':
      return [node.when, node.with, node.until, ...node.assert, node.target, node.undo?.with];
    case 'manual':
      return [node.when, node.text, ...node.fields.map((field) => field.default), ...node.assert];
    case 'loop':
      return [node.when, node.list];
    case 'call':
      return [node.when, node.with];
    case 'group':
      return [node.when];
  }
}
