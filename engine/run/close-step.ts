// The end of a step that holds others: its output is gathered from what is inside.
import type { Json, JsonObject } from '../json.ts';
import type { CallStep, PlanNode } from '../playbook/plan.ts';
import type { Engine } from './engine.ts';
import { staticPath } from './paths.ts';
import { loopOutput, scopeFor } from './scope.ts';

export async function closeStep(engine: Engine, node: PlanNode): Promise<void> {
  const { session } = engine;
  const step = session.state.steps.get(node.path);
  const durationMs = step === undefined ? 0 : Math.max(0, engine.clock.now() - Date.parse(step.openedAt));
  const at = { actor: 'engine', step: node.path } as const;
  if (step?.phase === 'closing') {
    await session.append({ ...at, type: 'step.closed', data: { durationMs } });
    return;
  }
  const value = await outputOf(engine, node);
  const output = value === undefined ? {} : { output: await engine.scope.outputs.store(value) };
  await session.append({ ...at, type: 'step.done', data: { ...output, durationMs } });
}

async function outputOf(engine: Engine, node: PlanNode): Promise<Json | undefined> {
  if (node.kind === 'call') return callOutput(engine, node);
  // What each instance gave stands in the journal already: gathered only for those who read it.
  if (node.kind === 'loop' && node.isOutputRead) return loopOutput(engine.scope, node);
  return undefined;
}

/** @throws E_EXPRESSION: then the call fails. */
async function callOutput(engine: Engine, node: CallStep): Promise<JsonObject> {
  const unit = staticPath(node.path);
  const outputs: { [name: string]: Json } = {};
  for (const { name, value } of engine.plan.units.get(unit)?.outputs ?? [])
    outputs[name] = value.resolve(await scopeFor(engine.scope, { path: node.path, unit }, value));
  return outputs;
}
