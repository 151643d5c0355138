// A plan for machines: `show --json`. Pure.
import { nodesInside, type Plan, type PlanNode } from '../../playbook/plan.ts';
import { type Actions, approvalOf, effectOf, undoOf } from './step-facts.ts';

export function planJson(plan: Plan, actions: Actions): object {
  const { name, title, description, category, severity, symptoms, tags, inputs, requires, limits, concurrency } = plan;
  return {
    name,
    title,
    description,
    category,
    severity,
    symptoms,
    tags,
    inputs,
    requires,
    limits,
    concurrency,
    timeoutMs: plan.root.timeoutMs,
    file: plan.file,
    steps: plan.root.steps.map((node) => stepJson(node, actions)),
    finally: plan.finally?.steps.map((node) => stepJson(node, actions)) ?? [],
    outputs: plan.outputs.map((output) => output.name),
  };
}

/** Keys without a value are left out when it is written as JSON. */
function stepJson(node: PlanNode, actions: Actions): object {
  const { id, path, title, kind, tags, onFailure } = node;
  const inside = nodesInside(node).map((child) => stepJson(child, actions));
  return {
    id,
    path,
    title,
    kind,
    tags: tags.length === 0 ? undefined : tags,
    when: node.when?.source,
    onFailure,
    approval: approvalOf(node),
    ...ownJson(node, actions),
    steps: inside.length === 0 ? undefined : inside,
  };
}

function ownJson(node: PlanNode, actions: Actions): object {
  switch (node.kind) {
    case 'uses': {
      const { uses, timeoutMs, everyMs, retry, approvalWaived, temporaryMs } = node;
      const effect = effectOf(node, actions);
      return {
        uses,
        effect,
        undo: effect === 'read' ? undefined : { by: undoOf(node, actions), uses: node.undo?.uses },
        until: node.until?.source,
        everyMs,
        retry,
        timeoutMs,
        approvalWaived,
        temporaryMs,
        assert: sourcesOf(node.assert),
      };
    }
    case 'manual':
      return {
        fields: node.fields.map(({ name, required, schema }) => ({ name, required, schema })),
        evidence: node.evidence,
        assert: sourcesOf(node.assert),
      };
    case 'group':
      return { parallel: node.parallel, timeoutMs: node.timeoutMs };
    case 'loop':
      return { forEach: node.list.source, as: node.as, concurrency: node.concurrency };
    case 'call':
      return { playbook: node.playbook, timeoutMs: node.timeoutMs };
    default:
      return node satisfies never;
  }
}

function sourcesOf(assert: readonly { readonly source: string }[]): readonly string[] | undefined {
  return assert.length === 0 ? undefined : assert.map(({ source }) => source);
}
