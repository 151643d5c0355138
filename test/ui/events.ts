import type { GroupStep, Plan, PlanNode } from '../../engine/playbook/plan.ts';
import type { Draft } from '../../engine/run/events.ts';
import { evolve } from '../../engine/run/evolve.ts';
import { initialState, type RunState } from '../../engine/run/state.ts';
import { journalOf } from '../report/events.ts';

const location = { file: 'breach.yaml', line: 1, column: 1 };
const base = { tags: [], location, onFailure: 'pause', isOutputRead: false } as const;
const template = { location, isConstant: true, readsSteps: [], readsSecrets: [], resolve: () => null };

export const manual = (path: string, title: string, index: number): PlanNode => ({
  ...base,
  kind: 'manual',
  id: path,
  path,
  index,
  title,
  text: template,
  fields: [{ name: 'exposed', schema: { type: 'boolean' }, required: true }],
  evidence: 'optional',
  assert: [],
});
export const uses = (path: string, title: string, index: number): PlanNode => ({
  ...base,
  kind: 'uses',
  id: path,
  path,
  index,
  title,
  uses: 'x.y',
  with: template,
  assert: [],
});
export const group = (path: string, title: string, index: number, steps: readonly PlanNode[]): GroupStep => ({
  ...base,
  kind: 'group',
  id: path,
  path,
  index,
  title,
  steps,
  parallel: 1,
});

export function planOf(steps: readonly PlanNode[]): Plan {
  const root = group('', 'Breach', 0, steps);
  const nodes = new Map<string, PlanNode>();
  const add = (node: PlanNode): void => {
    nodes.set(node.path, node);
    if (node.kind === 'group') node.steps.forEach(add);
  };
  add(root);
  return {
    name: 'breach',
    title: 'Breach',
    category: 'security',
    severity: 'P1',
    symptoms: [],
    tags: [],
    inputs: [],
    requires: { secrets: [], env: [] },
    root,
    nodes,
    outputs: [],
    text: '',
    file: 'breach.yaml',
  };
}

export function stateOf(drafts: readonly Draft[]): RunState {
  const state = initialState();
  for (const event of journalOf(drafts)) evolve(state, event);
  return state;
}
