// Which steps' outputs the expressions of a playbook read, and how sure they are to find them; then marked on the nodes.
import type { CheckedExpression } from './expressions.ts';
import type { PlanNode } from './plan.ts';

/** Filled while expressions are compiled, by step id. */
export interface OutputReads {
  readonly read: Set<string>;
  /** Read where nothing says that the output is there. */
  readonly needed: Set<string>;
}

export function noteReads(
  compiled: Pick<CheckedExpression, 'readsOutputs' | 'needsOutputs'> | undefined,
  { read, needed }: OutputReads,
): void {
  for (const id of compiled?.readsOutputs ?? []) read.add(id);
  for (const id of compiled?.needsOutputs ?? []) needed.add(id);
}

export function withReads(node: PlanNode, reads: OutputReads): PlanNode {
  const isOutputRead = reads.read.has(node.id);
  const marked = { isOutputRead, isOutputNeeded: reads.needed.has(node.id) };
  switch (node.kind) {
    case 'group':
      return { ...node, ...marked, steps: node.steps.map((step) => withReads(step, reads)) };
    case 'loop': {
      // Nobody can need an instance: the list says of each whether it has an output.
      const body = { ...withReads(node.body, reads), isOutputNeeded: false };
      return { ...node, ...marked, body: isOutputRead ? gathered(body) : body };
    }
    default:
      return { ...node, ...marked };
  }
}

/** What a loop that is read gathers: its body's output, and those of the steps of a body that is a group. */
function gathered(node: PlanNode): PlanNode {
  switch (node.kind) {
    case 'group':
      return { ...node, steps: node.steps.map((step) => (step.output === undefined ? step : gathered(step))) };
    case 'loop':
      return { ...node, isOutputRead: true, body: gathered(node.body) };
    default:
      return { ...node, isOutputRead: true };
  }
}
