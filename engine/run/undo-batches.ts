// Which changes an undo takes back next, and together. Newest first on every target; alike inverses are one, as far as that
// order allows. Pure.
import type { Action, Undo } from '../action.ts';
import { invariant } from '../errors.ts';
import { canonicalJson } from '../json.ts';
import type { ActionStep, Plan } from '../playbook/plan.ts';
import { isTakeable, targetKey } from './change-views.ts';
import { nodeAt } from './paths.ts';
import type { Change, UndoState } from './state.ts';

/** Targets one inverse takes at most. */
const MOST_IN_BATCH = 500;
/** Changes of others looked past for more of the same, at most: what is found later is another batch. */
const MOST_PASSED = 1_000;

/** What an undo has before it, oldest first; what is dealt with falls off the end. */
export interface UndoOrder {
  readonly changes: Change[];
  /** By the inverse that a change recorded: how it is told from others. */
  readonly names: Map<Undo, string>;
}

export interface UndoSource {
  readonly plan: Plan;
  readonly actions: ReadonlyMap<string, Action>;
  /** By step, then by key. */
  readonly ledger: ReadonlyMap<string, ReadonlyMap<string, Change>>;
}

/** How changes are taken back. `whole`: by their step's own undo, all of them at once. */
export type WayBack =
  | { readonly kind: 'whole'; readonly node: ActionStep }
  | { readonly kind: 'target'; readonly node: ActionStep }
  | { readonly kind: 'one'; readonly undo: Undo }
  | { readonly kind: 'each'; readonly undo: Undo; readonly each: string };

export interface Batch {
  readonly way: WayBack;
  /** Newest first; at least one. */
  readonly covers: readonly [Change, ...Change[]];
}

/** A step's own undo wins over what its action recorded. undefined: nothing takes it back. */
export function wayBack({ plan, actions }: Pick<UndoSource, 'plan' | 'actions'>, change: Change): WayBack | undefined {
  const node = nodeAt(plan, change.step);
  if (node?.kind === 'uses' && node.undo !== undefined)
    // Such an action acts on the one target that it is given.
    return { kind: actions.get(node.undo.uses)?.effect === 'playbook' ? 'target' : 'whole', node };
  const { undo } = change;
  if (undo === undefined) return undefined;
  return undo.each === undefined ? { kind: 'one', undo } : { kind: 'each', undo, each: undo.each };
}

/** The name of the action that takes it back. */
export function inverseName(way: WayBack): string | undefined {
  return way.kind === 'whole' || way.kind === 'target' ? way.node.undo?.uses : way.undo.uses;
}

/** The next batch; `irreversible`: the newest cannot be taken back; undefined: nothing is left. */
export function nextBatch(of: UndoSource, order: UndoOrder, undo: UndoState): Batch | 'irreversible' | undefined {
  const isOpen = openIn(undo);
  const { changes } = order;
  while (changes.length > 0) {
    const newest = changes.at(-1);
    if (newest && isOpen(newest)) return wayBack(of, newest) ? batchFrom(of, order, isOpen, newest) : 'irreversible';
    changes.pop();
  }
  return undefined;
}

/** The newest that nothing takes back, not dealt with yet: one event for many of them. */
export function withoutInverse(of: UndoSource, { changes }: UndoOrder, undo: UndoState): readonly Change[] {
  const isOpen = openIn(undo);
  return changes.filter((change) => isOpen(change) && !wayBack(of, change)).slice(-MOST_IN_BATCH);
}

type IsOpen = (change: Change) => boolean;

function openIn({ handled }: UndoState): IsOpen {
  return (change) => isTakeable(change) && handled.get(change.step)?.has(change.key) !== true;
}

function batchFrom(of: UndoSource, order: UndoOrder, isOpen: IsOpen, newest: Change): Batch {
  const tried = new Set<string>();
  let start = newest;
  let first: Batch | undefined;
  while (true) {
    const way = wayBack(of, start);
    if (!way) break;
    if (way.kind !== 'whole') {
      const batch = alike(of, order, isOpen, { start, way });
      if (batch) return batch;
      break;
    }
    const { batch, newer } = wholeStep(of, order, isOpen, { start, way });
    if (!newer) return batch;
    // All at once or not at all, and somebody changed one of its targets after it: that goes first.
    first ??= batch;
    tried.add(start.step);
    if (tried.has(newer.step)) break;
    start = newer;
  }
  // Each stands in the other's way: the newest it is.
  return first ?? { way: requireWay(of, newest), covers: [newest] };
}

function requireWay(of: UndoSource, change: Change): WayBack {
  const way = wayBack(of, change);
  invariant(way, `${change.step}: nothing takes ${change.key} back`);
  return way;
}

interface Start {
  readonly start: Change;
  readonly way: WayBack;
}

function wholeStep(
  of: UndoSource,
  { changes }: UndoOrder,
  isOpen: IsOpen,
  { start, way }: Start,
): { readonly batch: Batch; readonly newer: Change | undefined } {
  const others = new Map<string, Change>();
  const covers: Change[] = [];
  const count = [...(of.ledger.get(start.step)?.values() ?? [])].filter(isOpen).length;
  let newer: Change | undefined;
  for (let index = changes.length - 1; index >= 0 && covers.length < count; index -= 1) {
    const change = changes[index];
    if (!change || !isOpen(change)) continue;
    const target = targetKey(change);
    if (change.step === start.step) {
      covers.push(change);
      newer ??= others.get(target);
    } else if (!others.has(target) && wayBack(of, change)) others.set(target, change);
  }
  const [first = start, ...rest] = covers;
  return { batch: { way, covers: [first, ...rest] }, newer };
}

/**
 * Those with the same inverse, as long as nothing newer of another kind stands on their target. Other steps join only
 * where nothing else was changed in between.
 */
function alike(of: UndoSource, order: UndoOrder, isOpen: IsOpen, { start, way }: Start): Batch | undefined {
  const { changes } = order;
  const name = nameOf(order, way, start);
  const covers: Change[] = [];
  const steps = new Set<string>();
  const blocked = new Set<string>();
  let passed = 0;
  for (
    let index = changes.length - 1;
    index >= 0 && covers.length < MOST_IN_BATCH && passed < MOST_PASSED;
    index -= 1
  ) {
    const change = changes[index];
    if (!change || !isOpen(change)) continue;
    const own = wayBack(of, change);
    if (!own) continue;
    const target = targetKey(change);
    const joins = passed === 0 || steps.has(change.step);
    if (joins && !blocked.has(target) && nameOf(order, own, change) === name) {
      covers.push(change);
      steps.add(change.step);
      continue;
    }
    blocked.add(target);
    if (steps.size > 0) passed += 1;
  }
  const [first, ...rest] = covers;
  return first && { way, covers: [first, ...rest] };
}

function nameOf({ names }: UndoOrder, way: WayBack, { step, kind, id }: Change): string {
  switch (way.kind) {
    case 'whole':
      return JSON.stringify(['whole', step]);
    case 'target':
      return JSON.stringify(['target', step, kind, id]);
    case 'one':
      return JSON.stringify(['one', kind, id, undoName(names, way.undo)]);
    case 'each':
      return JSON.stringify(['each', kind, undoName(names, way.undo)]);
  }
}

/** Changes of one event share what they recorded, so each is looked at once. */
function undoName(names: Map<Undo, string>, undo: Undo): string {
  let name = names.get(undo);
  if (name === undefined) {
    name = canonicalJson({ uses: undo.uses, with: undo.with ?? {}, each: undo.each ?? null });
    names.set(undo, name);
  }
  return name;
}
