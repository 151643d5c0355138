// A step's turn: is it to run, and with what? Ends in one event: opened, skipped or failed.
import { RunbookError } from '../errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../json.ts';
import { resolveInputs } from '../playbook/inputs.ts';
import { MOST_ITEMS } from '../playbook/loop-bounds.ts';
import type { CallStep, LoopStep, PlanNode, PlanUnit } from '../playbook/plan.ts';
import { isSecret } from '../playbook/secret-fields.ts';
import { findRedactionMarker } from '../redact.ts';
import { errorFact } from './attempt-end.ts';
import type { Engine } from './engine.ts';
import type { EventData, SkipReason } from './events.ts';
import { resolveShown } from './inputs.ts';
import { loopsAround, staticPath } from './paths.ts';
import { actorName } from './people.ts';
import { resolveRevealed, SecretWanted } from './reveal.ts';
import { scopeFor } from './scope.ts';
import { waitsForSecret } from './secret-wait.ts';
import { needsOutputOf } from './step-readers.ts';
import type { StopControl } from './stop.ts';
import { isStoreError } from './store-error.ts';
import { learnNamed, sealNamed } from './vault.ts';
import { GO_AHEAD } from './waits.ts';

const MOST_SHOWN_OF_ITEM = 40;

type Opened = EventData['step.opened'];

/** `index`: its position among its siblings, the number of the instance in a loop. */
export async function openStep(
  engine: Engine,
  node: PlanNode,
  index: number,
  control: StopControl,
): Promise<'finished' | 'parked'> {
  const { session } = engine;
  const place = { index, title: await titleOf(engine, node) };
  const skip = async (reason: SkipReason, isOutputNeeded = false): Promise<'finished'> => {
    const needsOutput = isOutputNeeded ? { needsOutput: true as const } : {};
    await session.append({
      type: 'step.skipped',
      actor: 'engine',
      step: node.path,
      data: { reason, ...place, ...needsOutput },
    });
    return 'finished';
  };
  const leftOut = engine.leftOut.get(staticPath(node.path));
  if (leftOut !== undefined) return skip({ kind: 'selection', text: leftOut.text }, leftOut.isOutputWanted);
  try {
    if (node.when) {
      const holds = node.when.evaluate(await scopeFor(engine.scope, node, node.when));
      if (holds !== true)
        return await skip({ kind: 'when', text: `when: ${node.when.source} is ${JSON.stringify(holds)}` });
    }
    if (isConfirmed(engine, node)) {
      const answer = await engine.people.confirm({ path: node.path, title: place.title }, control.stop);
      if (control.stop.aborted) return 'parked';
      if (answer.kind === 'later') {
        engine.localWaits.set(node.path, GO_AHEAD);
        return 'parked';
      }
      if (answer.kind === 'skip')
        return await skip(
          { kind: 'person', text: `${actorName(answer.actor)}: ${answer.reason}` },
          needsOutputOf(node),
        );
    }
    const data = { kind: node.kind, ...place, ...(await contentsOf(engine, node, control)) };
    await session.append({ type: 'step.opened', actor: 'engine', step: node.path, data });
  } catch (thrown) {
    if (isStoreError(thrown)) throw thrown;
    if (thrown instanceof SecretWanted && waitsForSecret(engine, node, thrown, control)) return 'parked';
    await session.append({
      type: 'step.failed',
      actor: 'engine',
      step: node.path,
      data: { error: errorFact(thrown), onFailure: node.onFailure, ...place },
    });
  }
  return 'finished';
}

/** Groups, loops and calls are confirmed step by step. */
function isConfirmed({ confirmsEach, session }: Engine, { kind }: PlanNode): boolean {
  return (confirmsEach ?? session.state.created?.confirmEach ?? false) && (kind === 'uses' || kind === 'manual');
}

/** An instance shows its item where that is short. */
async function titleOf(engine: Engine, node: PlanNode): Promise<string> {
  if (!node.path.endsWith(']')) return node.title;
  const own = loopsAround(node.path).at(-1);
  const items = own && engine.session.state.steps.get(own.loop)?.items;
  const list = items && (await engine.scope.outputs.load(items));
  const item = own && Array.isArray(list) ? list[own.index] : undefined;
  const isShort = typeof item === 'number' || (typeof item === 'string' && item.length <= MOST_SHOWN_OF_ITEM);
  return isShort ? `${node.title}: ${item}` : `${node.title} (${(own?.index ?? 0) + 1})`;
}

/** What stands in the journal from its opening on: a loop's list, a called playbook's inputs, vars. */
async function contentsOf(engine: Engine, node: PlanNode, control: StopControl): Promise<Partial<Opened>> {
  switch (node.kind) {
    case 'loop':
      return itemsOf(engine, node);
    case 'call':
      return callOf(engine, node, control);
    case 'group':
      return node.path === '' ? varsOf(engine, { path: '', unit: '' }) : {};
    case 'uses':
      return node.temporaryMs === undefined ? {} : { temporaryMs: node.temporaryMs };
    case 'manual':
      return {};
  }
}

async function itemsOf(engine: Engine, node: LoopStep): Promise<Partial<Opened>> {
  const items = node.list.evaluate(await scopeFor(engine.scope, node, node.list));
  const { location } = node.list;
  if (!Array.isArray(items)) {
    throw new RunbookError({
      code: 'E_FOREACH_LIST',
      message: `${node.path}: forEach needs a list, and ${node.list.source.trim()} is ${JSON.stringify(items)?.slice(0, 80)}`,
      location,
    });
  }
  if (items.length > MOST_ITEMS) {
    throw new RunbookError({
      code: 'E_FOREACH_ITEMS',
      message: `${node.path}: forEach takes up to ${MOST_ITEMS} items, and the list has ${items.length}`,
      hint: 'Pass the whole list to an action that works in batches',
      location,
    });
  }
  return { items: await engine.scope.outputs.store(items), count: items.length };
}

async function callOf(engine: Engine, node: CallStep, control: StopControl): Promise<Partial<Opened>> {
  const unit = engine.plan.units.get(staticPath(node.path));
  if (!unit) throw new RunbookError({ code: 'E_INTERNAL', message: `the plan has no playbook at ${node.path}` });
  const given = await givenTo(engine, node, unit, control);
  const marker = findRedactionMarker(given);
  if (marker !== undefined) {
    throw new RunbookError({
      code: 'E_INPUT_REDACTED',
      message: `${node.path}: the input ${marker} holds a redacted value, which must not be used as if it were the value`,
      hint: 'The field it comes from looked like a secret: mark it `secret: true`, or name it under requires.secrets',
    });
  }
  const { inputs: real, errors } = resolveInputs(unit, isJsonObject(given) ? given : {}, engine.validator);
  if (errors.length > 0) {
    throw new RunbookError({
      code: 'E_CALL_INPUT',
      message: `${node.path}: the playbook ${unit.name} does not take these inputs: ${errors.map((error) => error.message).join('; ')}`,
      location: node.with.location,
    });
  }
  const inputs = sealNamed(engine.vault, unit.inputs, real, `${node.path}.inputs`);
  const { vars } = await varsOf(engine, { path: node.path, unit: unit.path }, inputs);
  return {
    inputs,
    ...(vars === undefined ? {} : { vars }),
    ...(node.finally === undefined ? {} : { hasFinally: true as const }),
  };
}

/** With the true values of the inputs that are secret, and of those alone. */
async function givenTo(engine: Engine, node: CallStep, unit: PlanUnit, control: StopControl): Promise<Json> {
  const shown = await resolveShown(engine.scope, node, node.with);
  const secret = unit.inputs.filter((input) => isSecret(input.schema));
  if (secret.length === 0 || !isJsonObject(shown)) return shown;
  const revealed = await resolveRevealed(engine, node, node.with, control.stop);
  const values = secret.flatMap(({ name }): [string, Json][] => {
    const value = isJsonObject(revealed) && Object.hasOwn(revealed, name) ? revealed[name] : undefined;
    return value === undefined ? [] : [[name, value]];
  });
  const given = Object.fromEntries(values);
  learnNamed(engine.vault, secret, given, `${node.path}.inputs`);
  return { ...shown, ...given };
}

/** In the order of the file: each may read those before it. */
async function varsOf(
  engine: Engine,
  place: { readonly path: string; readonly unit: string },
  inputs?: JsonObject,
): Promise<{ readonly vars?: JsonObject }> {
  const written = engine.plan.units.get(place.unit)?.vars ?? [];
  if (written.length === 0) return {};
  const vars: { [name: string]: Json } = {};
  for (const { name, value } of written) {
    const extra = { vars, ...(inputs === undefined ? {} : { inputs }) };
    vars[name] = value.resolve(await scopeFor(engine.scope, place, value, extra));
  }
  return { vars };
}
