// Before a change is taken back: is its target still as we left it? What somebody changed since is left, and said.
import type { Action } from '../action.ts';
import { RunbookError } from '../errors.ts';
import { holdsFields, isJsonObject, type Json, type JsonObject } from '../json.ts';
import type { OpenContext } from './context.ts';
import type { Engine } from './engine.ts';
import type { EventData, Inverse } from './events.ts';
import type { Change, StepState } from './state.ts';

type Left = EventData['undo.left']['changes'][number];

/**
 * The inputs of an inverse without the targets that are to be left; null where none remains.
 * @throws what the reader throws: then the attempt fails, and nothing was taken back unseen.
 */
export async function inputsStillOurs(
  engine: Engine,
  step: StepState,
  inverse: Inverse,
  { inputs, action, context }: { readonly inputs: Json; readonly action: Action; readonly context: OpenContext },
): Promise<Json | null> {
  const { state } = engine.session;
  const covered = inverse.covers.flatMap((ref) => state.changes.get(ref.step)?.get(ref.key) ?? []);
  const touched = touchedBy(engine, step);
  // What this undo has touched itself is no longer as the run left it, and still ours.
  const fresh = covered.filter((change) => change.left === undefined && !touched.has(targetOf(change)));
  const left = await leftOf(engine, fresh, { action, context, overwrites: state.undo?.overwrites === true });
  if (left.length > 0)
    await engine.session.append({
      type: 'undo.left',
      actor: 'engine',
      step: step.path,
      data: { undo: inverse.undo, changes: left },
    });
  const gone = new Set(covered.filter((change) => change.left !== undefined).map((change) => change.id));
  if (gone.size === 0) return inputs;
  const { each } = inverse;
  if (each === undefined || !isJsonObject(inputs)) return gone.size === covered.length ? null : inputs;
  const ids = inputs[each];
  const remaining = Array.isArray(ids) ? ids.filter((id) => typeof id !== 'string' || !gone.has(id)) : [];
  return remaining.length === 0 ? null : { ...inputs, [each]: remaining };
}

function touchedBy(engine: Engine, step: StepState): ReadonlySet<string> {
  return new Set([...(engine.session.state.changes.get(step.path)?.values() ?? [])].map(targetOf));
}

function targetOf({ kind, id }: Pick<Change, 'kind' | 'id'>): string {
  return JSON.stringify([kind, id]);
}

async function leftOf(
  engine: Engine,
  changes: readonly Change[],
  {
    action,
    context,
    overwrites,
  }: { readonly action: Action; readonly context: OpenContext; readonly overwrites: boolean },
): Promise<readonly Left[]> {
  const left: Left[] = [];
  const held = (await engine.heldElsewhere?.(changes)) ?? new Map<string, string>();
  for (const kind of new Set(changes.map((change) => change.kind))) {
    const ofKind = changes.filter((change) => change.kind === kind);
    const ids = [...new Set(ofKind.map((change) => change.id))];
    const states = action.describe === undefined ? undefined : await context.guard(() => context.describe(kind, ids));
    for (const change of ofKind) {
      const { step, key, id } = change;
      const run = held.get(targetOf(change));
      const now = states?.get(id);
      if (run !== undefined && !overwrites)
        left.push({ step, key, why: 'held-by-run', text: `the open run ${run} changed it too` });
      else if (now === null) left.push({ step, key, why: 'gone', text: 'it no longer exists' });
      else if (now !== undefined && !overwrites && change.after !== undefined && !holdsFields(now.state, change.after))
        left.push({ step, key, why: 'changed-since', text: changedText(change, now.state) });
    }
  }
  return left;
}

function changedText({ before, after }: Change, now: JsonObject): string {
  if (before !== undefined && after !== undefined) {
    const earlier = Object.fromEntries(Object.keys(after).map((name) => [name, before[name] ?? null]));
    if (holdsFields(now, earlier)) return 'somebody has taken it back already';
  }
  const fields = Object.keys(after ?? {}).map((name) => `${name}: ${JSON.stringify(now[name] ?? null)}`);
  return `somebody changed it since: ${fields.join(', ')}`;
}

/** Every change that an inverse covers must be restored or left by now: nothing is called taken back that was not seen to be. */
export function assertRestored(engine: Engine, step: StepState, inverse: Inverse): void {
  const { state } = engine.session;
  const restored = new Set<string>();
  for (const change of state.changes.get(step.path)?.values() ?? [])
    if (change.outcome === 'done' || change.outcome === 'already') restored.add(targetOf(change));
  const open = inverse.covers
    .flatMap((ref) => state.changes.get(ref.step)?.get(ref.key) ?? [])
    .filter((change) => change.left === undefined && !restored.has(targetOf(change)));
  const [first] = open;
  if (!first) return;
  throw new RunbookError({
    code: 'E_UNDO_UNCONFIRMED',
    message: `${open.length} changes were not taken back, the first: ${first.verb} ${first.kind} ${first.id}`,
    hint: `${inverse.uses} did not report a change of them. Look whether they are as before, then skip this step with a reason, or retry it`,
  });
}
