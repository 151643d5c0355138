// What an undo is about to take back, and what came of it, as lines and for machines. Pure.
import type { Json, JsonObject } from '../json.ts';
import { isUndoPath } from '../run/paths.ts';
import type { Change, RunState } from '../run/state.ts';
import { isChosen } from '../run/undo.ts';
import { countedVerb } from '../ui/change-words.ts';
import type { Palette } from '../ui/palette.ts';
import { oneLine, shellWord } from '../ui/text.ts';
import type { OpenedRun } from './open-run.ts';

const MOST_LEFT = 20;

export interface UndoPlan {
  readonly reversible: readonly Change[];
  readonly irreversible: readonly Change[];
  /** Sent, and nobody knows what became of them. */
  readonly unclear: readonly Change[];
  readonly overwrites: boolean;
}

/** Of these steps, or of all. */
export function unclearChanges(state: RunState, chosen: ReadonlySet<string> | null): readonly Change[] {
  const found: Change[] = [];
  for (const [path, changes] of state.changes) {
    if (isUndoPath(path) || !isChosen(path, chosen)) continue;
    for (const change of changes.values())
      if (change.outcome === 'intended' || change.outcome === 'unknown') found.push(change);
  }
  return found;
}

export function undoPlanLines(
  { runId, state }: Pick<OpenedRun, 'runId' | 'state'>,
  { reversible, irreversible, unclear, overwrites }: UndoPlan,
  palette: Palette,
): string[] {
  const lines: string[] = [];
  if (reversible.length === 0) lines.push(`The run ${runId} has no changes in effect that can be taken back.`);
  else lines.push(palette.bold('Would take back, newest first:'), ...countLines(reversible, state));
  const leftBefore = reversible.filter((change) => change.left !== undefined).length;
  if (leftBefore > 0) lines.push(`  (${leftBefore} of them were left as they are by an earlier undo)`);
  if (irreversible.length > 0)
    lines.push(palette.attention('Cannot be taken back:'), ...countLines(irreversible, state));
  if (unclear.length > 0)
    lines.push(
      palette.attention('Not taken back, for nobody knows whether they happened:'),
      ...countLines(unclear, state),
      `  Find that out first: runbook resume ${shellWord(runId)}`,
    );
  if (reversible.length > 0)
    lines.push(
      overwrites
        ? 'What somebody changed since is restored too.'
        : 'Each is looked at first: what somebody changed since, or another open run, is left as it is (--overwrite restores it).',
    );
  return lines;
}

export function undoPlanJson({ reversible, irreversible, unclear, overwrites }: UndoPlan): JsonObject {
  return {
    reversible: countJson(reversible),
    irreversible: countJson(irreversible),
    unclear: countJson(unclear),
    overwrites,
  };
}

interface Counted {
  readonly step: string;
  readonly verb: string;
  readonly kind: string;
  readonly count: number;
}

function count(changes: readonly Change[]): readonly Counted[] {
  const counts = new Map<string, { step: string; verb: string; kind: string; count: number }>();
  for (const { step, verb, kind } of changes) {
    const key = JSON.stringify([step, verb, kind]);
    const known = counts.get(key);
    if (known) known.count += 1;
    else counts.set(key, { step, verb, kind, count: 1 });
  }
  return [...counts.values()];
}

/** `  ban 100 users          contain/ban, Lock compromised accounts`. */
function countLines(changes: readonly Change[], state: RunState): string[] {
  return count(changes).map((one) => {
    const title = state.steps.get(one.step)?.title;
    return `  ${oneLine(countedVerb(one)).padEnd(24)}  ${one.step}${title === undefined ? '' : `, ${oneLine(title)}`}`;
  });
}

function countJson(changes: readonly Change[]): Json {
  return count(changes).map((one) => ({ ...one }));
}

export interface UndoFacts {
  readonly state: RunState;
  readonly runId: string;
  readonly chosen: ReadonlySet<string> | null;
  readonly irreversible: readonly Change[];
}

/** What came of the newest undo. */
export function undoneLines({ state, runId, chosen, irreversible }: UndoFacts): string[] {
  const { restored, left, open } = sorted(state, chosen);
  const isIrreversible = new Set(irreversible);
  const lines = ['', restored.length === 0 ? 'Nothing was taken back.' : 'Taken back:', ...countLines(restored, state)];
  const changed = left.filter((change) => !isIrreversible.has(change));
  if (changed.length > 0) {
    lines.push(`Left as they are: ${changed.length}`);
    for (const { verb, kind, id, step, left: why } of changed.slice(0, MOST_LEFT))
      lines.push(`  ${oneLine(`${verb} ${kind} ${id} (${step}): ${why ?? ''}`)}`);
    if (changed.length > MOST_LEFT)
      lines.push(`  and ${changed.length - MOST_LEFT} more: runbook changes ${shellWord(runId)}`);
  }
  if (irreversible.length > 0) lines.push('Cannot be taken back:', ...countLines(irreversible, state));
  if (state.undo !== null) {
    const rest = open.filter((change) => !isIrreversible.has(change)).length;
    lines.push(`Not finished: ${rest} are still to be taken back. Go on with: runbook undo ${shellWord(runId)}`);
  }
  return lines;
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
): { readonly restored: readonly Change[]; readonly left: readonly Change[]; readonly open: readonly Change[] } {
  const restored: Change[] = [];
  const left: Change[] = [];
  const open: Change[] = [];
  for (const [path, changes] of state.changes) {
    if (isUndoPath(path) || !isChosen(path, chosen)) continue;
    for (const change of changes.values()) {
      if (change.undone !== undefined) {
        if (change.undone === state.undos) restored.push(change);
      } else if (change.left !== undefined) left.push(change);
      else if (change.outcome === 'done') open.push(change);
    }
  }
  return { restored, left, open };
}
