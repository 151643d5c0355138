// The walk through a playbook in the order of its steps: each step's turn, its condition, and what is inside. It folds
// the events of a run that goes well into a journal in memory, so that everything is resolved as a run resolves it.
import type { Json } from '../../json.ts';
import type { Expression, PlanNode } from '../../playbook/plan.ts';
import type { Engine } from '../engine.ts';
import type { ErrorFact } from '../events.ts';
import { openStep } from '../open-step.ts';
import { childPath, finallyAround, nodeAt } from '../paths.ts';
import { scopeFor } from '../scope.ts';
import type { StepState } from '../state.ts';
import { StopControl } from '../stop.ts';
import type { PlannedCondition, PlannedStep, PlannedUnknown } from './result.ts';
import type { UnknownRead, Unknowns } from './unknowns.ts';

/** By kind: ids. */
export type Touched = Map<string, Set<string>>;

/** What a walk has found so far. */
export interface Findings {
  /** A change would have been made: what is read from then on is older than the run would find it. */
  hasPlanned: boolean;
  /** What the changes planned so far would touch: its state, as it is read now, is not the one the run would find. */
  readonly touched: Touched;
  /** The step that would end the run. */
  endsAt: string | undefined;
  readonly unknowns: PlannedUnknown[];
  readonly assumed: { readonly path: string; readonly field: string; readonly value: Json }[];
}

export interface Walk {
  readonly engine: Engine;
  readonly unknowns: Unknowns;
  readonly findings: Findings;
  readonly stop: AbortSignal;
  /** `isMaybe`: whether it runs at all hangs on what is not known. */
  visit(node: PlanNode, isMaybe: boolean): Promise<PlannedStep>;
}

/** What is the same of a step of any kind. */
export type StepBase = Pick<PlannedStep, 'path' | 'id' | 'kind' | 'title' | 'isMaybe' | 'when' | 'approval'>;

export type Turn =
  | { readonly kind: 'entered'; readonly base: StepBase; readonly step: StepState }
  | { readonly kind: 'over'; readonly planned: PlannedStep };

/**
 * A step's turn, up to the point where its own work begins.
 * @param contents appends the event that opens it where that is not the engine's usual one.
 */
export async function takeTurn(
  walk: Walk,
  node: PlanNode,
  options: { readonly isMaybe: boolean; readonly contents?: () => Promise<void> },
): Promise<Turn> {
  const { engine, unknowns, findings } = walk;
  walk.stop.throwIfAborted();
  const path = unknowns.shown(node.path);
  const about = { path, id: node.id, kind: node.kind, title: node.title };
  if (findings.endsAt !== undefined && finallyAround(node.path) === undefined) {
    const why = `the run would end at ${findings.endsAt}`;
    return { kind: 'over', planned: { ...about, verdict: 'unreached', isMaybe: options.isMaybe, why, steps: [] } };
  }
  const unknown = node.when === undefined ? undefined : unknowns.of(node.when, node);
  const isMaybe = options.isMaybe || unknown !== undefined;
  if (node.when !== undefined && unknown !== undefined)
    findings.unknowns.push({ path, what: 'whether it runs', expression: node.when.source, why: whyOf(unknown) });
  const holds = unknown === undefined ? await holdsNow(walk, node) : null;
  if (holds === false) await openStep(engine, node, node.index, new StopControl());
  else if (options.contents !== undefined) await options.contents();
  else await openStep(engine, withoutCondition(node), node.index, new StopControl());
  const step = engine.session.state.steps.get(node.path);
  const when = node.when === undefined ? {} : { when: { source: node.when.source.trim(), holds } };
  const base = { ...about, title: titleOf(walk, node, step), isMaybe, ...when, ...approvalOf(node) };
  if (step === undefined) return { kind: 'over', planned: noteSecret(walk, node, base) };
  if (step.phase === 'skipped')
    return { kind: 'over', planned: { ...base, verdict: 'skipped', why: step.skip?.text ?? '', steps: [] } };
  if (step.phase !== 'open') {
    const error = step.error ?? { code: 'E_UNKNOWN', message: 'it failed' };
    return { kind: 'over', planned: noteFailure(walk, node, base, error) };
  }
  return { kind: 'entered', base, step };
}

/** Where it is false, or fails, the engine itself says so when the step is opened. */
async function holdsNow({ engine }: Walk, node: PlanNode): Promise<boolean> {
  if (node.when === undefined) return true;
  try {
    return node.when.evaluate(await scopeFor(engine.scope, node, node.when)) === true;
  } catch {
    return false;
  }
}

function withoutCondition(node: PlanNode): PlanNode {
  const { when: _when, ...rest } = node;
  return rest;
}

function approvalOf(node: PlanNode): Pick<StepBase, 'approval'> {
  const policy = node.kind === 'uses' || node.kind === 'manual' ? node.approval : undefined;
  return policy === undefined ? {} : { approval: policy };
}

/** That of an instance shows its item, where that is known. */
function titleOf({ unknowns }: Walk, node: PlanNode, step: StepState | undefined): string {
  return unknowns.shown(node.path) === node.path ? (step?.title ?? node.title) : node.title;
}

/** The engine would wait with its turn for a secret: nobody has given it yet. */
function noteSecret({ findings, unknowns }: Walk, node: PlanNode, base: StepBase): PlannedStep {
  const why = 'a secret that it is given is not known before the run';
  findings.unknowns.push({ path: base.path, what: 'a secret', why: 'nobody has given it yet' });
  unknowns.step(node.path, `${base.path} was not tried: ${why}`);
  return { ...base, verdict: 'open', why, steps: [] };
}

/** Of a step under way: it fails, in the journal too. */
export async function failStep(walk: Walk, node: PlanNode, base: StepBase, error: ErrorFact): Promise<PlannedStep> {
  const { session } = walk.engine;
  await session.append({
    type: 'step.failed',
    actor: 'engine',
    step: node.path,
    data: { error, onFailure: node.onFailure },
  });
  return noteFailure(walk, node, base, error);
}

/**
 * What a failure means for what comes after. After changes that are only planned, or where its turn is not sure, it may
 * go better in the run; and a person may decide that it goes on.
 */
function noteFailure({ findings, unknowns }: Walk, node: PlanNode, base: StepBase, error: ErrorFact): PlannedStep {
  const why = `${error.message} [${error.code}]`;
  const isSure = !findings.hasPlanned && !base.isMaybe;
  if (isSure && node.onFailure === 'abort') findings.endsAt = base.path;
  if (!isSure || node.onFailure === 'pause') {
    unknowns.step(node.path, `${base.path} failed while planning`);
    const what = isSure ? 'what a person decides: the run would stop here' : 'whether it fails in the run too';
    findings.unknowns.push({ path: base.path, what, why });
  }
  return { ...base, verdict: 'fails', why, steps: [] };
}

/** Nothing outside the group of a step whose turn is not sure knows how it ended. */
export function forgetMaybe(walk: Pick<Walk, 'engine' | 'unknowns'>, node: PlanNode, why: string): void {
  walk.unknowns.step(node.path, why);
  if (node.kind !== 'group') return;
  for (const { id } of node.steps) {
    const child = nodeAt(walk.engine.plan, childPath(node.path, id));
    if (child) forgetMaybe(walk, child, why);
  }
}

/** Not evaluated where a planned change, or what is not known, comes before. */
export async function condition(
  { engine, unknowns, findings }: Walk,
  expression: Expression,
  node: PlanNode,
  output: Json | undefined,
): Promise<PlannedCondition> {
  const source = expression.source.trim();
  const isOpen = findings.hasPlanned || output === undefined || unknowns.of(expression, node) !== undefined;
  if (isOpen) return { source, holds: null };
  return {
    source,
    holds: expression.evaluate(await scopeFor(engine.scope, node, expression, { output: output ?? null })) === true,
  };
}

export function whyOf({ name, why }: UnknownRead): string {
  return `${name} is not known: ${why}`;
}
