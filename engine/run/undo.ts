// Taking changes back: which come next, and what a step needs to do so. What is done runs as a step like any other, with
// intents, retries and a ledger of its own.
import type { Undo } from '../action.ts';
import { canonicalJson, isJsonObject, type JsonObject } from '../json.ts';
import type { PlanNode } from '../playbook/plan.ts';
import type { Engine } from './engine.ts';
import type { ChangeRef, Draft, EventData, Inverse } from './events.ts';
import { isInside, isUndoPath, nodeAt, undoPath } from './paths.ts';
import { actorName } from './people.ts';
import { scopeFor } from './scope.ts';
import { type Change, inEffect, type RunState, temporariesInEffect, type UndoState } from './state.ts';
import type { StopControl } from './stop.ts';

/** Targets one inverse takes at most. */
const MOST_IN_BATCH = 500;

/** Opens the next step of an undo, newest changes first, or ends it. */
export async function nextUndo(engine: Engine, undo: number): Promise<void> {
  const { session } = engine;
  const { state } = session;
  const current = state.undo;
  if (current?.undo !== undo) return;
  const next = nextChange(engine, current);
  if (!next) {
    await session.append({ type: 'undo.ended', actor: 'engine', data: { undo } });
    return;
  }
  const made = await inverseOf(engine, current, next);
  if (made === undefined) {
    const changes = withoutInverse(engine, current).map(
      ({ step, key }) => ({ step, key, why: 'no-inverse', text: 'it cannot be taken back' }) as const,
    );
    await session.append({ type: 'undo.left', actor: 'engine', data: { undo, changes } });
    return;
  }
  const batch = current.batches + 1;
  const title = titleOf(state, next, made.covers.length);
  const data = { kind: 'uses', index: batch, title, inverse: made } as const;
  await session.append({ type: 'step.opened', actor: 'engine', step: undoPath(undo, batch), data });
}

/** What an undo would take back, and what it cannot. For the plan that a person confirms; costs the ledger. */
export function undoable(
  state: RunState,
  plan: Engine['plan'],
  steps: ReadonlySet<string> | null,
): { readonly reversible: readonly Change[]; readonly irreversible: readonly Change[] } {
  const reversible: Change[] = [];
  const irreversible: Change[] = [];
  for (const path of state.changes.keys()) {
    if (isUndoPath(path) || !isChosen(path, steps)) continue;
    for (const change of doneChanges(state, path))
      (hasInverse(nodeAt(plan, path), change) ? reversible : irreversible).push(change);
  }
  return { reversible, irreversible };
}

function doneChanges(state: RunState, path: string): readonly Change[] {
  return [...(state.changes.get(path)?.values() ?? [])].filter(
    (change) => change.outcome === 'done' && change.undone === undefined,
  );
}

export function isChosen(path: string, steps: ReadonlySet<string> | null): boolean {
  if (steps === null || steps.has(path)) return true;
  for (const step of steps) if (isInside(path, step)) return true;
  return false;
}

function hasInverse(node: PlanNode | undefined, change: Change): boolean {
  return change.undo !== undefined || (node?.kind === 'uses' && node.undo !== undefined);
}

/** The newest change not dealt with yet. Put in order once an undo: nothing new is changed meanwhile but by the undo itself. */
function nextChange(engine: Engine, undo: UndoState): Change | undefined {
  let order = engine.undoOrders.get(undo);
  if (!order) {
    const { reversible, irreversible } = undoable(engine.session.state, engine.plan, undo.steps);
    order = [...reversible, ...irreversible].sort((a, b) => a.seq - b.seq);
    engine.undoOrders.set(undo, order);
  }
  while (order.length > 0) {
    const newest = order.at(-1);
    if (newest && newest.undone === undefined && !undo.handled.get(newest.step)?.has(newest.key)) return newest;
    order.pop();
  }
  return undefined;
}

/** The newest that cannot be taken back, not dealt with yet: one event for many of them. */
function withoutInverse({ undoOrders, plan }: Engine, undo: UndoState): readonly Change[] {
  const left = undoOrders.get(undo) ?? [];
  const isOpen = (change: Change): boolean =>
    change.undone === undefined &&
    !undo.handled.get(change.step)?.has(change.key) &&
    !hasInverse(nodeAt(plan, change.step), change);
  return left.filter(isOpen).slice(-MOST_IN_BATCH);
}

async function inverseOf(engine: Engine, undo: UndoState, change: Change): Promise<Inverse | undefined> {
  const { state } = engine.session;
  const node = nodeAt(engine.plan, change.step);
  const target = { kind: change.kind, id: change.id };
  const openOnes = (): readonly Change[] => {
    const handled = undo.handled.get(change.step);
    return doneChanges(state, change.step).filter((one) => !handled?.has(one.key));
  };
  if (node?.kind === 'uses' && node.undo !== undefined) {
    const open = openOnes();
    const step = state.steps.get(change.step);
    const output = step?.output === undefined ? {} : { output: await engine.scope.outputs.load(step.output) };
    const inputs = node.undo.with.resolve(await scopeFor(engine.scope, node, node.undo.with, output));
    return {
      undo: undo.undo,
      uses: node.undo.uses,
      inputs: isJsonObject(inputs) ? inputs : {},
      covers: open.map(refOf),
      ...(open.length === 1 ? { target } : {}),
    };
  }
  if (change.undo === undefined) return undefined;
  const { uses, each } = change.undo;
  if (each === undefined)
    return { undo: undo.undo, uses, inputs: change.undo.with ?? {}, covers: [refOf(change)], target };
  const alike = openOnes()
    .filter((one) => one.undo !== undefined && isSameInverse(one.undo, change.undo))
    .sort((a, b) => b.seq - a.seq)
    .slice(0, MOST_IN_BATCH);
  const inputs: JsonObject = { ...change.undo.with, [each]: alike.map((one) => one.id) };
  return { undo: undo.undo, uses, inputs, covers: alike.map(refOf), each };
}

function isSameInverse(a: Undo, b: Undo | undefined): boolean {
  return a.uses === b?.uses && a.each === b.each && canonicalJson(a.with ?? {}) === canonicalJson(b.with ?? {});
}

function refOf({ step, key }: Change): ChangeRef {
  return { step, key };
}

function titleOf(state: RunState, { step, verb, kind, id }: Change, count: number): string {
  const title = state.steps.get(step)?.title ?? step;
  return count === 1
    ? `Take back ${verb} ${kind} ${id} (${title})`
    : `Take back ${verb} of ${count} × ${kind} (${title})`;
}

/** The run is ending: what was to be for a time only is taken back, unless a person keeps it with a reason. */
export async function awaitTemporary(
  engine: Engine,
  node: PlanNode,
  control: StopControl,
): Promise<'finished' | 'parked'> {
  const { session } = engine;
  const { state } = session;
  const title = state.steps.get(node.path)?.title ?? node.title;
  const request = { path: node.path, title, changes: inEffect(state, node.path) };
  const answer = await engine.people.temporary(request, control.stop);
  if (control.stop.aborted) return 'parked';
  if (answer.kind === 'keep') {
    const data = { reason: answer.reason, by: actorName(answer.actor) };
    await session.append({ type: 'temporary.kept', actor: answer.actor, step: node.path, data });
    return 'finished';
  }
  const actor = answer.kind === 'undo' ? answer.actor : 'engine';
  // Nobody to ask: all of them, without a question each.
  const steps = answer.kind === 'undo' ? [node.path] : temporariesInEffect(state);
  await session.append(
    startUndo(state, { steps, cause: 'temporary', reason: 'the run is ending', by: actorName(actor), actor }),
  );
  return 'finished';
}

/** The event that begins an undo. */
export function startUndo(
  state: RunState,
  of: {
    readonly steps?: readonly string[];
    readonly cause: EventData['undo.started']['cause'];
    readonly overwrites?: boolean;
    readonly reason: string;
    readonly by: string;
    readonly actor: Draft['actor'];
  },
): Draft<'undo.started'> {
  const { steps, cause, overwrites = false, reason, by, actor } = of;
  const data = { undo: state.undos + 1, cause, overwrites, reason, by, ...(steps === undefined ? {} : { steps }) };
  return { type: 'undo.started', actor, data };
}
