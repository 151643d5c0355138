// A called playbook: its inputs as far as they are known, its steps, its outputs, its `finally`.
import { isJsonObject, type Json, type JsonObject } from '../../json.ts';
import { resolveInputs } from '../../playbook/inputs.ts';
import type { CallStep, PlanUnit } from '../../playbook/plan.ts';
import { handleOf, holdsSecret } from '../../playbook/secret-fields.ts';
import { errorFact } from '../attempt-end.ts';
import { childPath, FINALLY_SEGMENT, nodeAt, staticPath } from '../paths.ts';
import { scopeFor } from '../scope.ts';
import type { PlannedStep } from './result.ts';
import { failStep, forgetMaybe, takeTurn, type Walk, whyOf } from './walk.ts';
import { visitInside } from './walk-group.ts';

export async function visitCall(walk: Walk, node: CallStep, isMaybe: boolean): Promise<PlannedStep> {
  const { engine, unknowns } = walk;
  const isOpen = unknowns.of(node.with, node) !== undefined;
  const contents = (): Promise<void> => openPartly(walk, node);
  const turn = await takeTurn(walk, node, isOpen ? { isMaybe, contents } : { isMaybe });
  if (turn.kind === 'over') return turn.planned;
  const { base, step } = turn;
  const call = { playbook: node.playbook, inputs: step.inputs ?? {} };
  const steps = await visitInside(walk, node, base.isMaybe);
  let failure: PlannedStep | undefined;
  try {
    await close(walk, node, base.path);
  } catch (thrown) {
    failure = await failStep(walk, node, base, errorFact(thrown));
  }
  const last = nodeAt(engine.plan, childPath(node.path, FINALLY_SEGMENT));
  if (last) {
    steps.push(await walk.visit(last, base.isMaybe));
    await engine.session.append({ type: 'step.closed', actor: 'engine', step: node.path, data: { durationMs: 0 } });
  }
  if (base.when?.holds === null) forgetMaybe(walk, node, `whether ${base.path} runs is not known`);
  return { ...(failure ?? { ...base, verdict: 'runs' as const }), call, steps };
}

/** With those inputs and vars that are known; the others are noted as not known. */
async function openPartly(walk: Walk, node: CallStep): Promise<void> {
  const { engine, unknowns, findings } = walk;
  const path = unknowns.shown(node.path);
  const unit = engine.plan.units.get(staticPath(node.path));
  if (unit === undefined) return;
  const { kind, index, title } = node;
  const place = { actor: 'engine', step: node.path } as const;
  try {
    const open = new Set<string>();
    const instead = unknowns.instead(node, (read, expression, [name]) => {
      open.add(String(name));
      unknowns.ofCall(node.path, `inputs.${String(name)}`, whyOf(read));
      findings.unknowns.push({ path, what: `the input ${String(name)}`, expression, why: whyOf(read) });
    });
    const handles = Object.fromEntries(node.with.readsSecrets.map((name) => [name, handleOf(name)]));
    const given = node.with.resolve(await scopeFor(engine.scope, node, node.with, { secrets: handles }), instead);
    // Secret values come together with all others, or not at all.
    for (const { name, schema } of unit.inputs) {
      if (!holdsSecret(schema) || open.has(name)) continue;
      open.add(name);
      unknowns.ofCall(node.path, `inputs.${name}`, 'it is secret, and is given together with what is not known');
    }
    const inputs = knownInputs(walk, unit, isJsonObject(given) ? given : {}, open);
    const vars = await knownVars(walk, node, unit, inputs);
    const hasFinally = node.finally === undefined ? {} : { hasFinally: true as const };
    const data = { kind, index, title, inputs, vars, ...hasFinally };
    await engine.session.append({ ...place, type: 'step.opened', data });
  } catch (thrown) {
    const data = { error: errorFact(thrown), onFailure: node.onFailure, index, title };
    await engine.session.append({ ...place, type: 'step.failed', data });
  }
}

/** @throws the first thing wrong with those that are known. */
function knownInputs({ engine }: Walk, unit: PlanUnit, given: JsonObject, open: ReadonlySet<string>): JsonObject {
  const known = unit.inputs.filter(({ name }) => !open.has(name));
  const ofKnown = Object.fromEntries(Object.entries(given).filter(([name]) => !open.has(name)));
  const { inputs, errors } = resolveInputs({ name: unit.name, inputs: known }, ofKnown, engine.validator);
  const [error] = errors;
  if (error) throw error;
  return inputs;
}

async function knownVars(walk: Walk, node: CallStep, unit: PlanUnit, inputs: JsonObject): Promise<JsonObject> {
  const { engine, unknowns } = walk;
  const place = { path: node.path, unit: unit.path };
  const vars: { [name: string]: Json } = {};
  for (const { name, value } of unit.vars) {
    const read = unknowns.of(value, place);
    if (read === undefined) vars[name] = value.resolve(await scopeFor(engine.scope, place, value, { vars, inputs }));
    else unknowns.ofCall(node.path, `vars.${name}`, whyOf(read));
  }
  return vars;
}

/** @throws E_EXPRESSION where an output cannot be made. */
async function close({ engine, unknowns }: Walk, node: CallStep, shown: string): Promise<void> {
  const unit = engine.plan.units.get(staticPath(node.path));
  const place = { path: node.path, unit: unit?.path ?? '' };
  const outputs: { [name: string]: Json } = {};
  for (const { name, value } of unit?.outputs ?? []) {
    const read = unknowns.of(value, place);
    if (read === undefined) outputs[name] = value.resolve(await scopeFor(engine.scope, place, value));
    else unknowns.step(node.path, `the output ${name} of ${shown} reads ${whyOf(read)}`, `output.${name}`);
  }
  const output = await engine.scope.outputs.store(outputs);
  await engine.session.append({ type: 'step.done', actor: 'engine', step: node.path, data: { output, durationMs: 0 } });
}
