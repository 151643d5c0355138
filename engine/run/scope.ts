// What expressions see, built from the state: just the steps they read, large outputs loaded when asked for. A step sees
// the playbook it stands in: a called one has inputs, vars and steps of its own.
import type { Json, JsonObject } from '../json.ts';
import type { Expression, LoopStep, Plan, Scope, StepView, Template } from '../playbook/plan.ts';
import type { OutputStore } from './outputs.ts';
import { childPath, instancePath, loopsAround, nodeAt, pathSeenFrom } from './paths.ts';
import type { RunState, StepState } from './state.ts';

const NEVER_OPENED: StepView = { status: 'skipped' };

export interface ScopeSource {
  readonly plan: Plan;
  readonly state: RunState;
  readonly runId: string;
  readonly outputs: OutputStore;
}

/** Where an expression stands: a step of the plan as `nodeAt` gives it, or a called playbook as a whole. */
export interface ScopePlace {
  /** The run's path. */
  readonly path: string;
  /** The static path of the call around it. */
  readonly unit: string;
}

export interface ScopeExtra {
  readonly output?: Json;
  readonly secrets?: { readonly [name: string]: string };
  /** In place of those of the place: while they are being made. */
  readonly inputs?: JsonObject;
  readonly vars?: JsonObject;
}

export async function scopeFor(
  source: ScopeSource,
  place: ScopePlace,
  reader: Pick<Expression | Template, 'readsSteps'>,
  extra: ScopeExtra = {},
): Promise<Scope> {
  const { plan, state } = source;
  const steps: { [id: string]: StepView } = {};
  const paths = plan.units.get(place.unit)?.paths;
  for (const id of reader.readsSteps) {
    const path = paths?.get(id);
    const step = path === undefined ? undefined : state.steps.get(pathSeenFrom(place.path, path));
    // Of what one may read all is over: what has no state never had its turn.
    const view = step ? await viewOf(step, source.outputs) : path === undefined ? undefined : NEVER_OPENED;
    if (view) steps[id] = view;
  }
  const unit = state.steps.get(pathSeenFrom(place.path, place.unit));
  const inputs = extra.inputs ?? (place.unit === '' ? state.created?.inputs : unit?.inputs);
  const locals = await localsOf(source, place);
  return {
    inputs: inputs ?? {},
    vars: extra.vars ?? unit?.vars ?? {},
    steps,
    run: runView(source),
    env: state.created?.env ?? {},
    contacts: state.created?.contacts ?? {},
    ...(locals === undefined ? {} : { locals }),
    ...(extra.output === undefined ? {} : { output: extra.output }),
    ...(extra.secrets === undefined ? {} : { secrets: extra.secrets }),
  };
}

/** `item` of the innermost loop, and what each loop of this playbook calls its own. */
async function localsOf({ plan, state, outputs }: ScopeSource, place: ScopePlace): Promise<JsonObject | undefined> {
  if (!place.path.includes('[')) return undefined;
  const locals: { [name: string]: Json } = {};
  for (const { loop, index } of loopsAround(place.path)) {
    const node = nodeAt(plan, loop);
    const items = state.steps.get(loop)?.items;
    // Loops around the call are not this playbook's.
    if (node?.kind !== 'loop' || node.unit !== place.unit || items === undefined) continue;
    const list = await outputs.load(items);
    const item = Array.isArray(list) ? (list[index] ?? null) : null;
    locals.item = item;
    locals[node.as] = item;
  }
  return locals;
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
    environment: created?.environment ?? '',
  };
}

async function viewOf(step: StepState, outputs: OutputStore): Promise<StepView | undefined> {
  switch (step.phase) {
    case 'done':
      return { status: 'done', ...(await outputOf(step, outputs)) };
    case 'skipped':
      // Only where a person gave what it would have had.
      return { status: 'skipped', ...(await outputOf(step, outputs)) };
    case 'failed':
      return { status: 'failed', ...(step.error ? { error: { ...step.error } } : {}) };
    default:
      return undefined;
  }
}

async function outputOf(step: StepState, outputs: OutputStore): Promise<{ readonly output?: Json }> {
  return step.output ? { output: await outputs.load(step.output) } : {};
}

/** A loop's output: one entry an item, with what each instance gave. */
export async function loopOutput({ state, outputs }: ScopeSource, loop: LoopStep): Promise<Json> {
  const own = state.steps.get(loop.path);
  const items = own?.items === undefined ? [] : await outputs.load(own.items);
  if (!Array.isArray(items)) return [];
  const entries: Json[] = [];
  for (const [index, item] of items.entries()) {
    const path = instancePath(loop.path, index);
    const instance = state.steps.get(path);
    const status = instance?.phase ?? 'skipped';
    if (status !== 'done' || !instance) {
      entries.push({ item, status: status === 'failed' ? 'failed' : 'skipped' });
      continue;
    }
    const { body } = loop;
    const output =
      body.kind === 'group'
        ? await groupOutput(state, { path, ids: body.steps.map((step) => step.id) }, outputs)
        : (await outputOf(instance, outputs)).output;
    entries.push({ item, status, ...(output === undefined ? {} : { output }) });
  }
  return entries;
}

async function groupOutput(
  state: RunState,
  { path, ids }: { readonly path: string; readonly ids: readonly string[] },
  outputs: OutputStore,
): Promise<Json> {
  const output: { [id: string]: Json } = {};
  for (const id of ids) {
    const step = state.steps.get(childPath(path, id));
    if (step?.output && step.phase === 'done') output[id] = await outputs.load(step.output);
  }
  return output;
}
