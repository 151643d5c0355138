// What expressions see, built from the state: just the steps they read, large outputs loaded when asked for.
import type { Json, JsonObject } from '../json.ts';
import type { Expression, Plan, Scope, StepView, Template } from '../playbook/plan.ts';
import type { OutputStore } from './outputs.ts';
import type { RunState, StepState } from './state.ts';

export interface ScopeSource {
  readonly plan: Plan;
  readonly state: RunState;
  readonly runId: string;
  readonly outputs: OutputStore;
  readonly pathById: ReadonlyMap<string, string>;
}

/** Step ids are unique in their file, so an id names one path. */
export function indexPaths(plan: Plan): ReadonlyMap<string, string> {
  const index = new Map<string, string>();
  for (const [path, node] of plan.nodes) if (path !== '') index.set(node.id, path);
  return index;
}

export async function scopeFor(
  source: ScopeSource,
  reader: Pick<Expression | Template, 'readsSteps'>,
  extra: { readonly output?: Json; readonly secrets?: { readonly [name: string]: string } } = {},
): Promise<Scope> {
  const steps: { [id: string]: StepView } = {};
  for (const id of reader.readsSteps) {
    const path = source.pathById.get(id);
    const step = path === undefined ? undefined : source.state.steps.get(path);
    const view = step && (await viewOf(step, source.outputs));
    if (view) steps[id] = view;
  }
  const created = source.state.created;
  return {
    inputs: created?.inputs ?? {},
    vars: {},
    steps,
    run: runView(source),
    env: created?.env ?? {},
    contacts: {},
    ...(extra.output === undefined ? {} : { output: extra.output }),
    ...(extra.secrets === undefined ? {} : { secrets: extra.secrets }),
  };
}

function runView({ runId, state }: ScopeSource): JsonObject {
  const created = state.created;
  return {
    id: runId,
    playbook: created?.playbook.name ?? '',
    title: created?.title ?? created?.playbook.title ?? '',
    severity: state.severity,
    operator: created?.operator ?? '',
    startedAt: state.createdAt,
    isDrill: created?.drill !== undefined,
  };
}

async function viewOf(step: StepState, outputs: OutputStore): Promise<StepView | undefined> {
  switch (step.phase) {
    case 'done':
      return step.output ? { status: 'done', output: await outputs.load(step.output) } : { status: 'done' };
    case 'skipped':
      return { status: 'skipped' };
    case 'failed':
      return { status: 'failed', ...(step.error ? { error: { ...step.error } } : {}) };
    default:
      return undefined;
  }
}
