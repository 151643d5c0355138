// An action step: what it would be given, and what it would change.
import type { Action } from '../../action.ts';
import type { Json } from '../../json.ts';
import type { ActionStep, Template } from '../../playbook/plan.ts';
import { handleOf } from '../../playbook/secret-fields.ts';
import { errorFact } from '../attempt-end.ts';
import { shownReads } from '../declared-reads.ts';
import { actionOf, effectOf } from '../engine.ts';
import { type ResolvedInputs, resolveStepInputs } from '../inputs.ts';
import { SecretWanted } from '../reveal.ts';
import { scopeFor } from '../scope.ts';
import type { StepState } from '../state.ts';
import { type ActionPlan, planAction } from './plan-action.ts';
import type { PlannedAction, PlannedChanges, PlannedStep } from './result.ts';
import { condition, failStep, forgetMaybe, type StepBase, takeTurn, type Walk, whyOf } from './walk.ts';

export async function visitAction(walk: Walk, node: ActionStep, isMaybe: boolean): Promise<PlannedStep> {
  const turn = await takeTurn(walk, node, { isMaybe });
  if (turn.kind === 'over') return turn.planned;
  const planned = await planStep(walk, node, turn);
  if (turn.base.when?.holds === null) forgetMaybe(walk, node, `whether ${turn.base.path} runs is not known`);
  return planned;
}

interface Entered {
  readonly base: StepBase;
  readonly step: StepState;
}

async function planStep(walk: Walk, node: ActionStep, { base, step }: Entered): Promise<PlannedStep> {
  const { engine, findings, unknowns } = walk;
  const action = actionOf(engine, node);
  const about = aboutAction(walk, node, action);
  let parts: Parts;
  let inputs: ResolvedInputs | undefined;
  let why = 'its inputs are not known';
  try {
    parts = await resolveParts(walk, node, base);
    inputs = parts.isOpen ? undefined : await resolveStepInputs(engine, node, action, walk.stop);
  } catch (thrown) {
    if (!(thrown instanceof SecretWanted)) return failStep(walk, node, base, errorFact(thrown));
    parts = await resolveParts(walk, node, base);
    why = `the secret ${thrown.secret} is not known before the run`;
    findings.unknowns.push({ path: base.path, what: `the secret ${thrown.secret}`, why: 'nobody has given it yet' });
  }
  const reads = shownReads(action.reads, parts.shown.inputs);
  const resolved = { ...about, ...parts.shown, reads };
  if (inputs === undefined) {
    findings.hasPlanned ||= about.effect !== 'read';
    unknowns.step(node.path, `${base.path} was not tried: ${why}`, 'output');
    await finish(walk, node, undefined);
    const conditions = await conditionsOf(walk, node, undefined);
    return { ...base, verdict: 'open', why, action: { ...resolved, ...conditions }, steps: [] };
  }
  const { touched } = findings;
  const result = await planAction(engine, { node, action, step, inputs: inputs.real, touched }, walk.stop);
  if ('error' in result) {
    const failed = await failStep(walk, node, base, result.error);
    // In the run it may go better, and change something.
    findings.hasPlanned ||= about.effect !== 'read';
    return { ...failed, action: { ...resolved, ...(await conditionsOf(walk, node, undefined)) } };
  }
  return accept(walk, node, base, resolved, result);
}

type Resolved = Omit<PlannedAction, 'assert' | 'until'>;

function aboutAction({ findings }: Walk, node: ActionStep, action: Action): Omit<Resolved, 'inputs'> {
  const undo = node.undo?.uses ?? (action.isUndoable ? 'action' : undefined);
  return {
    uses: node.uses,
    effect: effectOf(action, node),
    changes: [],
    expected: [],
    isBeforeChanges: findings.hasPlanned && effectOf(action, node) === 'read',
    reads: shownReads(action.reads, undefined),
    limits: [],
    ...(action.execReads === undefined ? {} : { execReads: action.execReads }),
    ...(node.approvalWaived === undefined ? {} : { approvalWaived: node.approvalWaived }),
    ...(undo === undefined ? {} : { undo }),
    ...(node.temporaryMs === undefined ? {} : { temporaryMs: node.temporaryMs }),
  };
}

interface Parts {
  /** Not all of it is known. */
  readonly isOpen: boolean;
  readonly shown: { readonly inputs: Json; readonly target?: Json };
}

/** Inputs and target as they can be told now. @throws E_EXPRESSION */
async function resolveParts({ engine, unknowns, findings }: Walk, node: ActionStep, base: StepBase): Promise<Parts> {
  let isOpen = false;
  const part = async (template: Template, what: string): Promise<Json> => {
    const secrets = Object.fromEntries(template.readsSecrets.map((name) => [name, handleOf(name)]));
    const scope = { ...(await scopeFor(engine.scope, node, template)), secrets };
    const instead = unknowns.instead(node, (read, expression, path) => {
      isOpen = true;
      const name = path.length === 0 ? what : `${what} ${path.join('.')}`;
      findings.unknowns.push({ path: base.path, what: name, expression, why: whyOf(read) });
    });
    return template.resolve(scope, instead);
  };
  const inputs = await part(node.with, 'the input');
  const target = node.target === undefined ? {} : { target: await part(node.target, 'the target') };
  return { isOpen, shown: { inputs, ...target } };
}

async function accept(
  walk: Walk,
  node: ActionStep,
  base: StepBase,
  resolved: Resolved,
  result: ActionPlan,
): Promise<PlannedStep> {
  const { findings, unknowns } = walk;
  const touching = result.changes.filter(({ outcome }) => outcome === 'planned' || outcome === 'unknown');
  const isChanging = touching.length > 0 || result.targetsUnknown !== undefined;
  if (isChanging) findings.hasPlanned = true;
  for (const changes of touching) noteTouched(walk, base, changes);
  if (result.targetsUnknown !== undefined)
    findings.unknowns.push({ path: base.path, what: 'what it would change', why: result.targetsUnknown });
  let checked: Awaited<ReturnType<typeof conditionsOf>>;
  try {
    checked = await conditionsOf(walk, node, result.output);
  } catch (thrown) {
    return { ...(await failStep(walk, node, base, errorFact(thrown))), action: { ...resolved, assert: [] } };
  }
  const action: PlannedAction = {
    ...resolved,
    ...checked,
    changes: result.changes,
    expected: result.expected,
    ...(result.targetsUnknown === undefined ? {} : { targetsUnknown: result.targetsUnknown }),
    ...(result.output === undefined ? {} : { output: result.output }),
  };
  const broken = checked.assert.find(({ holds }) => holds === false);
  if (broken !== undefined) {
    const error = { code: 'E_ASSERT', message: `assert does not hold: ${broken.source}` };
    return { ...(await failStep(walk, node, base, error)), action };
  }
  if (isChanging)
    unknowns.step(node.path, `${base.path} would change something: what it gives is known only then`, 'output');
  else if (checked.until !== undefined && checked.until.holds !== true)
    unknowns.step(
      node.path,
      `${base.path} waits until ${checked.until.source}: what it gives then is not known`,
      'output',
    );
  if (checked.until?.holds === false)
    findings.unknowns.push({
      path: base.path,
      what: 'how long it waits',
      expression: checked.until.source,
      why: 'it does not hold now',
    });
  await finish(walk, node, unknowns.isStepUnknown(node.path) ? undefined : result.output);
  return { ...base, verdict: 'runs', action, steps: [] };
}

function noteTouched({ findings }: Walk, { path }: StepBase, { verb, kind, outcome, targets }: PlannedChanges): void {
  const touched = findings.touched.get(kind) ?? new Set<string>();
  findings.touched.set(kind, touched);
  for (const { id } of targets) touched.add(id);
  if (outcome !== 'unknown') return;
  const [counted, them] = targets.length === 1 ? ['1 target', 'it'] : [`${targets.length} targets`, 'them'];
  findings.unknowns.push({
    path,
    what: `whether it would ${verb} ${counted} of kind ${kind}`,
    why: `so already now, and the plan itself changes ${them} before`,
  });
}

async function conditionsOf(
  walk: Walk,
  node: ActionStep,
  output: Json | undefined,
): Promise<Pick<PlannedAction, 'assert' | 'until'>> {
  const assert = [];
  for (const expression of node.assert) assert.push(await condition(walk, expression, node, output));
  if (node.until === undefined) return { assert };
  return { assert, until: await condition(walk, node.until, node, output) };
}

async function finish({ engine }: Walk, node: ActionStep, output: Json | undefined): Promise<void> {
  const stored = output === undefined ? {} : { output: await engine.scope.outputs.store(output) };
  await engine.session.append({
    type: 'step.done',
    actor: 'engine',
    step: node.path,
    data: { ...stored, durationMs: 0 },
  });
}
