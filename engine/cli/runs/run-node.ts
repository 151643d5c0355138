import type { PlanNode } from '../../playbook/plan.ts';
import { nodeOf } from '../../run/undo-node.ts';
import type { OpenedRun } from './open-run.ts';

/** The node of a run's path: of the playbook, or of an undo. */
export function runNode({ plan, state }: Pick<OpenedRun, 'plan' | 'state'>, path: string): PlanNode | undefined {
  return nodeOf(plan, state, path);
}
