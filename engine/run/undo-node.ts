// Steps of an undo are no part of the playbook: their nodes are made from what the event that opened them says.
import type { SourceLocation } from '../errors.ts';
import type { Json } from '../json.ts';
import type { ActionStep, Plan, PlanNode, Template } from '../playbook/plan.ts';
import type { Inverse } from './events.ts';
import { isUndoPath, nodeAt } from './paths.ts';
import type { RunState, StepState } from './state.ts';

/** An inverse is set-to-value work: what fails for a moment is tried again. */
const RETRY = { attempts: 3, delayMs: 1_000, backoff: 'exponential', maxDelayMs: 30_000 } as const;

/** The node of a run's path: of the plan, or of an undo. */
export function nodeOf(plan: Plan, state: RunState, path: string): PlanNode | undefined {
  if (!isUndoPath(path)) return nodeAt(plan, path);
  const step = state.steps.get(path);
  return step?.inverse === undefined ? undefined : undoNode(plan, step, step.inverse);
}

function undoNode(plan: Plan, step: StepState, inverse: Inverse): ActionStep {
  const { location } = plan.root;
  return {
    kind: 'uses',
    id: step.path,
    path: step.path,
    unit: '',
    index: step.index,
    title: step.title,
    tags: [],
    location,
    onFailure: 'pause',
    isOutputRead: false,
    isOutputNeeded: false,
    uses: inverse.uses,
    with: constant(inverse.inputs, location),
    retry: RETRY,
    assert: [],
    effect: 'change',
    ...(inverse.target === undefined ? {} : { target: constant(inverse.target, location) }),
  };
}

function constant(value: Json, location: SourceLocation): Template {
  return { location, isConstant: true, readsSteps: [], readsSecrets: [], resolve: () => value };
}
