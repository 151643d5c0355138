// Taking changes back: what a step needs to do so. What is done runs as a step like any other, with intents, retries and
// a ledger of its own.
import { messageOf, RunbookError } from '../errors.ts';
import { isJsonObject, type JsonObject } from '../json.ts';
import type { ActionStep, PlanNode } from '../playbook/plan.ts';
import { inEffect, isTakeable, targetKey, temporariesInEffect } from './change-views.ts';
import type { Engine } from './engine.ts';
import type { ChangeRef, Draft, EventData, Inverse } from './events.ts';
import { isInside, isUndoPath, undoPath } from './paths.ts';
import { actorName } from './people.ts';
import { scopeFor } from './scope.ts';
import type { Change, RunState, UndoState } from './state.ts';
import type { StopControl } from './stop.ts';
import { isStoreError } from './store-error.ts';
import { type Batch, nextBatch, type UndoOrder, type UndoSource, wayBack, withoutInverse } from './undo-batches.ts';

/** Opens the next step of an undo, newest changes first, or ends it. */
export async function nextUndo(engine: Engine, undo: number): Promise<void> {
  const { session } = engine;
  const { state } = session;
  const current = state.undo;
  if (current?.undo !== undo) return;
  const order = orderOf(engine, current);
  const of = { plan: engine.plan, actions: engine.actions, ledger: state.changes };
  const next = nextBatch(of, order, current);
  if (next === undefined) {
    await session.append({ type: 'undo.ended', actor: 'engine', data: { undo } });
    return;
  }
  if (next === 'irreversible') {
    const changes = withoutInverse(of, order, current).map(
      (change) => ({ ...refOf(change), why: 'no-inverse', text: 'it cannot be taken back' }) as const,
    );
    await session.append({ type: 'undo.left', actor: 'engine', data: { undo, changes } });
    return;
  }
  let inverse: Inverse;
  try {
    inverse = await inverseOf(engine, undo, next);
  } catch (thrown) {
    // What the step's undo reads is not there (it failed before its output was accepted): nothing else may wait for it.
    if (!(thrown instanceof RunbookError) || isStoreError(thrown) || thrown.code === 'E_INTERNAL') throw thrown;
    const text = `what takes it back cannot be worked out: ${messageOf(thrown)}`;
    const changes = next.covers.map((change) => ({ ...refOf(change), why: 'unresolved', text }) as const);
    await session.append({ type: 'undo.left', actor: 'engine', data: { undo, changes } });
    return;
  }
  const batch = current.batches + 1;
  const data = { kind: 'uses', index: batch, title: titleOf(state, next), inverse } as const;
  await session.append({ type: 'step.opened', actor: 'engine', step: undoPath(undo, batch), data });
}

/** What an undo would take back, and what it cannot. For the plan that a person confirms; costs the ledger. */
export interface Undoable {
  /** Those of which nobody knows whether they happened too: they are looked at first. */
  readonly reversible: readonly Change[];
  readonly irreversible: readonly Change[];
  /** Nothing takes them back, and nobody knows whether they happened. */
  readonly unclear: readonly Change[];
}

export function undoable(state: RunState, plan: UndoSource['plan'], steps: ReadonlySet<string> | null): Undoable {
  const reversible: Change[] = [];
  const irreversible: Change[] = [];
  const unclear: Change[] = [];
  const of = { plan, actions: new Map(), ledger: state.changes };
  for (const [path, changes] of state.changes) {
    if (isUndoPath(path) || !isChosen(path, steps)) continue;
    for (const change of changes.values()) {
      if (!isTakeable(change)) continue;
      if (wayBack(of, change) !== undefined) reversible.push(change);
      else (change.outcome === 'done' ? irreversible : unclear).push(change);
    }
  }
  return { reversible, irreversible, unclear };
}

export function isChosen(path: string, steps: ReadonlySet<string> | null): boolean {
  if (steps === null || steps.has(path)) return true;
  for (const step of steps) if (isInside(path, step)) return true;
  return false;
}

/** Put in order once an undo: nothing new is changed meanwhile but by the undo itself. */
function orderOf(engine: Engine, undo: UndoState): UndoOrder {
  let order = engine.undoOrders.get(undo);
  if (!order) {
    const { reversible, irreversible, unclear } = undoable(engine.session.state, engine.plan, undo.steps);
    const changes = [...reversible, ...irreversible, ...unclear].sort((a, b) => a.seq - b.seq);
    order = { changes, names: new Map() };
    engine.undoOrders.set(undo, order);
  }
  return order;
}

/** @throws E_EXPRESSION where the step's own undo reads what is not there. */
async function inverseOf(engine: Engine, undo: number, { way, covers }: Batch): Promise<Inverse> {
  const refs = covers.map(refOf);
  const target = commonTarget(covers);
  switch (way.kind) {
    case 'whole':
    case 'target':
      return { undo, ...(await ofStep(engine, way.node)), covers: refs, ...(target === undefined ? {} : { target }) };
    case 'one':
      return {
        undo,
        uses: way.undo.uses,
        inputs: way.undo.with ?? {},
        covers: refs,
        ...(target === undefined ? {} : { target }),
      };
    case 'each': {
      const { undo: own, each } = way;
      const inputs: JsonObject = { ...own.with, [each]: [...new Set(covers.map((one) => one.id))] };
      return { undo, uses: own.uses, inputs, covers: refs, each };
    }
  }
}

async function ofStep(engine: Engine, node: ActionStep): Promise<Pick<Inverse, 'uses' | 'inputs'>> {
  const { undo, path } = node;
  if (!undo) throw new RunbookError({ code: 'E_INTERNAL', message: `${path} has no undo` });
  const step = engine.session.state.steps.get(path);
  const output = step?.output === undefined ? {} : { output: await engine.scope.outputs.load(step.output) };
  const inputs = undo.with.resolve(await scopeFor(engine.scope, node, undo.with, output));
  return { uses: undo.uses, inputs: isJsonObject(inputs) ? inputs : {} };
}

/** Where all are about one: for an action that leaves its target to the playbook. */
function commonTarget(covers: Batch['covers']): Inverse['target'] {
  const [{ kind, id }] = covers;
  const target = targetKey({ kind, id });
  return covers.every((change) => targetKey(change) === target) ? { kind, id } : undefined;
}

function refOf({ step, key }: Change): ChangeRef {
  return { step, key };
}

function titleOf(state: RunState, { covers }: Batch): string {
  const [{ step, verb, kind, id }] = covers;
  const steps = new Set(covers.map((change) => change.step)).size;
  const title = `${state.steps.get(step)?.title ?? step}${steps === 1 ? '' : ` and ${steps - 1} more steps`}`;
  return covers.length === 1
    ? `Take back ${verb} ${kind} ${id} (${title})`
    : `Take back ${verb} of ${covers.length} × ${kind} (${title})`;
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
  const changes = inEffect(state, node.path);
  const answer = await engine.people.temporary({ path: node.path, title, changes }, control.stop);
  // Put off by a pause: not to be taken back meanwhile.
  if (control.stop.aborted || engine.pause.aborted) return 'parked';
  if (answer.kind === 'keep') {
    const data = { reason: answer.reason, by: actorName(answer.actor) };
    await session.append({ type: 'temporary.kept', actor: answer.actor, step: node.path, data });
    return 'finished';
  }
  const isAnyway = answer.kind === 'undo' && answer.anyway === true;
  // Nobody to ask: all of them, without a question each. What an undo could not take back needs a person.
  const asked = answer.kind === 'undo' ? [node.path] : temporariesInEffect(state);
  const steps = isAnyway ? asked : asked.filter((path) => inEffect(state, path).some(isUntried));
  if (steps.length === 0) {
    engine.localWaits.set(node.path, whyTemporaryWaits(changes));
    return 'parked';
  }
  const actor = answer.kind === 'undo' ? answer.actor : 'engine';
  const of = { steps, cause: 'temporary', reason: 'the run is ending', by: actorName(actor), actor } as const;
  await session.append(startUndo(state, { ...of, overwrites: isAnyway, isUnchecked: isAnyway }));
  return 'finished';
}

function isUntried(change: Change): boolean {
  return change.left === undefined;
}

function whyTemporaryWaits(changes: readonly Change[]): string {
  const [first] = changes;
  const more = changes.length > 1 ? ` (and ${changes.length - 1} more)` : '';
  const what = `${first?.verb ?? ''} ${first?.kind ?? ''} ${first?.id ?? ''}`;
  return `word on what was to be for a time only and is not taken back: ${what}${more}: ${first?.left ?? ''}`;
}

/** The event that begins an undo. */
export function startUndo(
  state: RunState,
  of: {
    readonly steps?: readonly string[];
    readonly cause: EventData['undo.started']['cause'];
    readonly overwrites?: boolean;
    /** A person was told which changes nobody can look at first. */
    readonly isUnchecked?: boolean;
    readonly reason: string;
    readonly by: string;
    readonly actor: Draft['actor'];
  },
): Draft<'undo.started'> {
  const { steps, cause, overwrites = false, isUnchecked = false, reason, by, actor } = of;
  const data = {
    undo: state.undos + 1,
    cause,
    overwrites,
    ...(isUnchecked ? { unchecked: true as const } : {}),
    reason,
    by,
    ...(steps === undefined ? {} : { steps }),
  };
  return { type: 'undo.started', actor, data };
}
