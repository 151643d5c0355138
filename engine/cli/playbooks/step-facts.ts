// What a step does to the outside, and whether it can be taken back: from the plan and its actions. Pure.
import type { Action, Effect } from '../../action.ts';
import { type ActionStep, type ApprovalPolicy, nodesInside, type Plan, type PlanNode } from '../../playbook/plan.ts';
import { formatDuration } from '../../ui/duration.ts';

export type Actions = ReadonlyMap<string, Action>;

/** The action's own effect or, where it leaves that to the playbook, what the step says. */
export function effectOf(step: ActionStep, actions: Actions): Effect {
  const effect = actions.get(step.uses)?.effect ?? 'playbook';
  return effect === 'playbook' ? (step.effect ?? 'read') : effect;
}

/** `step`: by the step's own `undo`; `action`: by what the action records; null: not at all. */
export function undoOf(step: ActionStep, actions: Actions): 'step' | 'action' | null {
  if (step.undo !== undefined) return 'step';
  return actions.get(step.uses)?.isUndoable === true ? 'action' : null;
}

/** Who must say yes before it runs; undefined where nobody is asked. */
export function approvalOf(node: PlanNode): ApprovalPolicy | undefined {
  return node.kind === 'uses' || node.kind === 'manual' ? node.approval : undefined;
}

/** `your confirmation`, `approval by 1 security`. */
export function approvalWords({ by, role }: ApprovalPolicy): string {
  if (by === 0 && role === undefined) return 'your confirmation';
  const people = Math.max(1, by);
  return `approval by ${people} ${role ?? (people === 1 ? 'other person' : 'other people')}`;
}

/** A limit as people say it: `30 min`, `5 s`, where a measured time would be `30 min 00 s`, `5.0 s`. */
export function limitWords(ms: number): string {
  return formatDuration(ms)
    .replace(/ 00 (s|min)$/, '')
    .replace('.0 s', ' s');
}

/** Every step that is an action or a person's, in order, `finally` last. */
export function leavesOf(plan: Plan): readonly PlanNode[] {
  const leaves: PlanNode[] = [];
  const add = (node: PlanNode): void => {
    const inside = nodesInside(node);
    if (node.kind === 'uses' || node.kind === 'manual') leaves.push(node);
    for (const child of inside) add(child);
  };
  for (const root of [plan.root, plan.finally]) if (root !== undefined) add(root);
  return leaves;
}
