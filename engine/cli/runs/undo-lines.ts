// What an undo is about to take back, and what came of it, as lines and for machines. Pure.
import type { Action } from '../../action.ts';
import type { Json, JsonObject } from '../../json.ts';
import type { Plan } from '../../playbook/plan.ts';
import { isTakeable } from '../../run/change-views.ts';
import { isUndoPath } from '../../run/paths.ts';
import type { Change, RunState } from '../../run/state.ts';
import { isChosen, type Undoable } from '../../run/undo.ts';
import { inverseName, wayBack } from '../../run/undo-batches.ts';
import { mayBeSeen, NOT_HAPPENED } from '../../run/undo-check.ts';
import { countedVerb } from '../../ui/change-words.ts';
import type { Palette } from '../../ui/palette.ts';
import { oneLine, shellWord } from '../../ui/text.ts';
import type { OpenedRun } from './open-run.ts';

const MOST_LEFT = 20;

export interface UndoPlan extends Omit<Undoable, 'reversible'> {
  /** Looked at first, each, and restored where it is as the run left it. */
  readonly checkable: readonly Change[];
  /** Nothing can look at them: restored only where a person says so apart. */
  readonly uncheckable: readonly Change[];
  readonly overwrites: boolean;
}

/** Parts what can be looked at first from what cannot, as far as is known before. */
export function undoPlanOf(
  { reversible, irreversible, unclear }: Undoable,
  of: { readonly plan: Plan; readonly actions: ReadonlyMap<string, Action>; readonly overwrites: boolean },
): UndoPlan {
  const checkable: Change[] = [];
  const uncheckable: Change[] = [];
  for (const change of reversible) {
    const way = wayBack(of, change);
    const inverse = way && inverseName(way);
    // What is overwritten anyway need not be looked at; whether it happened at all does.
    const isOverwritten = of.overwrites && change.outcome === 'done';
    const isSeen = isOverwritten || mayBeSeen(change, inverse === undefined ? undefined : of.actions.get(inverse));
    (isSeen ? checkable : uncheckable).push(change);
  }
  return { checkable, uncheckable, irreversible, unclear, overwrites: of.overwrites };
}

export function undoPlanLines(
  { runId, state }: Pick<OpenedRun, 'runId' | 'state'>,
  { checkable, uncheckable, irreversible, unclear, overwrites }: UndoPlan,
  palette: Palette,
): string[] {
  const lines: string[] = [];
  const known = checkable.filter(isKnown);
  const perhaps = checkable.filter((change) => !isKnown(change));
  if (checkable.length + uncheckable.length === 0)
    lines.push(`The run ${runId} has no changes in effect that can be taken back.`);
  if (known.length > 0) lines.push(palette.bold('Would take back, newest first:'), ...countLines(known, state));
  if (perhaps.length > 0)
    lines.push(
      palette.attention('Would look whether these happened, and take back those that did:'),
      ...countLines(perhaps, state),
    );
  if (checkable.length > 0)
    lines.push(
      overwrites
        ? '  What somebody changed since is restored too.'
        : '  Each is looked at first: what somebody changed since, or another open run, is left as it is (--overwrite restores it).',
    );
  if (uncheckable.length > 0)
    lines.push(
      palette.attention(
        'Nothing can look whether these are still as the run left them, so they are taken back only with --unchecked:',
      ),
      ...countLines(uncheckable, state, 'said'),
    );
  const leftBefore = [...checkable, ...uncheckable].filter((change) => change.left !== undefined).length;
  if (leftBefore > 0) lines.push(`  (${leftBefore} of them were left as they are by an earlier undo)`);
  if (irreversible.length > 0)
    lines.push(palette.attention('Cannot be taken back:'), ...countLines(irreversible, state));
  if (unclear.length > 0)
    lines.push(
      palette.attention('Not taken back, for nobody knows whether they happened:'),
      ...countLines(unclear, state),
      `  Find that out first: runbook settle ${shellWord(runId)}`,
    );
  return lines;
}

export function undoPlanJson({ checkable, uncheckable, irreversible, unclear, overwrites }: UndoPlan): JsonObject {
  return {
    reversible: countJson(checkable),
    uncheckable: countJson(uncheckable),
    irreversible: countJson(irreversible),
    unclear: countJson(unclear),
    overwrites,
  };
}

function isKnown({ outcome }: Change): boolean {
  return outcome === 'done';
}

interface Counted {
  readonly step: string;
  readonly verb: string;
  readonly kind: string;
  readonly count: number;
  /** Of these, nobody knows whether they happened. */
  readonly uncertain: number;
}

function count(changes: readonly Change[]): readonly Counted[] {
  const counts = new Map<string, { -readonly [K in keyof Counted]: Counted[K] }>();
  for (const change of changes) {
    const { step, verb, kind } = change;
    const key = JSON.stringify([step, verb, kind]);
    const known = counts.get(key) ?? { step, verb, kind, count: 0, uncertain: 0 };
    known.count += 1;
    if (change.outcome === 'intended' || change.outcome === 'unknown') known.uncertain += 1;
    counts.set(key, known);
  }
  return [...counts.values()];
}

/** `  ban 100 users          contain/ban, Lock compromised accounts`. `known`: the heading tells of doubts. */
function countLines(changes: readonly Change[], state: RunState, doubts: 'said' | 'known' = 'known'): string[] {
  return count(changes).map((one) => {
    const title = state.steps.get(one.step)?.title;
    const perhaps = one.uncertain === 0 || doubts === 'known' ? '' : ` (${one.uncertain} perhaps never happened)`;
    return `  ${oneLine(countedVerb(one)).padEnd(24)}  ${one.step}${title === undefined ? '' : `, ${oneLine(title)}`}${perhaps}`;
  });
}

function countJson(changes: readonly Change[]): Json {
  return count(changes).map(({ uncertain, ...one }) => ({ ...one, ...(uncertain === 0 ? {} : { uncertain }) }));
}

export interface UndoFacts {
  readonly state: RunState;
  readonly runId: string;
  readonly chosen: ReadonlySet<string> | null;
  readonly irreversible: readonly Change[];
}

/** What came of the newest undo. */
export function undoneLines({ state, runId, chosen, irreversible }: UndoFacts): string[] {
  const { restored, left, open, absent } = sorted(state, chosen);
  const isIrreversible = new Set(irreversible);
  const lines = ['', restored.length === 0 ? 'Nothing was taken back.' : 'Taken back:', ...countLines(restored, state)];
  if (absent.length > 0) lines.push('Found not to have happened:', ...countLines(absent, state));
  const changed = left.filter((change) => !isIrreversible.has(change));
  if (changed.length > 0) {
    lines.push(`Left as they are: ${changed.length}`);
    for (const { verb, kind, id, step, left: why } of changed.slice(0, MOST_LEFT))
      lines.push(`  ${oneLine(`${verb} ${kind} ${id} (${step}): ${why ?? ''}`)}`);
    if (changed.length > MOST_LEFT)
      lines.push(`  and ${changed.length - MOST_LEFT} more: runbook changes ${shellWord(runId)}`);
  }
  if (unconfirmed(left).length > 0)
    lines.push(`Take back also what nothing can look at first: runbook undo ${shellWord(runId)} --unchecked`);
  if (irreversible.length > 0) lines.push('Cannot be taken back:', ...countLines(irreversible, state));
  if (state.undo !== null) {
    const rest = open.filter((change) => !isIrreversible.has(change)).length;
    lines.push(`Not finished: ${rest} are still to be taken back. Go on with: runbook undo ${shellWord(runId)}`);
  }
  return lines;
}

/** Left for nobody said to take them back unseen. */
function unconfirmed(left: readonly Change[]): readonly Change[] {
  return left.filter((change) => change.leftWhy === 'not-checkable');
}

/** How many the newest undo left for want of a yes to take them back unseen. */
export function countUnconfirmed({ state, chosen }: Pick<UndoFacts, 'state' | 'chosen'>): number {
  return unconfirmed(sorted(state, chosen).left).length;
}

export function undoneJson({ state, chosen, irreversible }: UndoFacts): JsonObject {
  const { restored, left, open } = sorted(state, chosen);
  const irreversibles = new Set(irreversible);
  const isReversible = (change: Change): boolean => !irreversibles.has(change);
  return {
    number: state.undos,
    isFinished: state.undo === null,
    restored: countJson(restored),
    left: left
      .filter(isReversible)
      .map(({ step, verb, kind, id, left: why }) => ({ step, verb, kind, id, why: why ?? '' })),
    irreversible: countJson(irreversible),
    open: state.undo === null ? 0 : open.filter(isReversible).length,
  };
}

function sorted(
  state: RunState,
  chosen: ReadonlySet<string> | null,
): {
  readonly restored: readonly Change[];
  readonly left: readonly Change[];
  readonly open: readonly Change[];
  readonly absent: readonly Change[];
} {
  const restored: Change[] = [];
  const absent: Change[] = [];
  const left: Change[] = [];
  const open: Change[] = [];
  for (const [path, changes] of state.changes) {
    if (isUndoPath(path) || !isChosen(path, chosen)) continue;
    for (const change of changes.values()) {
      if (change.undone !== undefined) {
        if (change.undone === state.undos) restored.push(change);
      } else if (!isTakeable(change)) {
        if (change.outcome === 'failed' && change.error === NOT_HAPPENED) absent.push(change);
      } else if (change.left !== undefined) left.push(change);
      else open.push(change);
    }
  }
  return { restored, left, open, absent };
}
