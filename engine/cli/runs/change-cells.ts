// One change of the ledger as the cells of a row, as a line of CSV, and for machines. Pure.
import type { JsonObject } from '../../json.ts';
import { shortValue } from '../../report/short-value.ts';
import type { Change } from '../../run/state.ts';
import { oneLine } from '../../ui/text.ts';

export const CHANGE_COLUMNS: readonly string[] = [
  'STEP',
  'KIND',
  'ID',
  'OWNER',
  'VERB',
  'OUTCOME',
  'SEQ',
  'AT',
  'TAKEN BACK',
  'CHANGE',
];

export function changeCells(change: Change): readonly string[] {
  const { step, kind, id, owner, verb, outcome, error, seq, intendedAt = '' } = change;
  return [
    step,
    kind,
    id,
    owner === undefined ? '' : `${owner.kind} ${owner.id}`,
    verb,
    error === undefined ? outcome : `${outcome}: ${error}`,
    String(seq),
    intendedAt.replace(/\.\d+Z$/, 'Z'),
    takenBack(change),
    difference(change),
  ].map(oneLine);
}

function takenBack({ undone, left }: Change): string {
  if (undone !== undefined) return `by undo ${undone}`;
  return left === undefined ? '' : `left: ${left}`;
}

/** `banned: false → true`, of the fields that it sets. */
function difference({ before, after }: Change): string {
  const fields = Object.keys(after ?? before ?? {});
  return fields
    .map((name) => {
      const was = before?.[name];
      const is = after?.[name];
      const parts = [was === undefined ? '?' : shortValue(was), ...(is === undefined ? [] : [`→ ${shortValue(is)}`])];
      return `${name}: ${parts.join(' ')}`;
    })
    .join(', ');
}

export function changeJson(change: Change): JsonObject {
  const { step, kind, id, owner, verb, discriminator, round, outcome, error, detail, seq, intendedAt } = change;
  const { before, after, undone, left, undo } = change;
  const ofOwner = owner === undefined ? {} : { owner: { kind: owner.kind, id: owner.id } };
  return {
    step,
    kind,
    id,
    ...ofOwner,
    verb,
    ...(discriminator === undefined ? {} : { key: discriminator }),
    round,
    outcome,
    ...(error === undefined ? {} : { error }),
    ...(detail === undefined ? {} : { detail }),
    seq,
    ...(intendedAt === undefined ? {} : { at: intendedAt }),
    ...(before === undefined ? {} : { before }),
    ...(after === undefined ? {} : { after }),
    ...(undo === undefined ? {} : { undo: undo.uses }),
    ...(undone === undefined ? {} : { undone }),
    ...(left === undefined ? {} : { left }),
  };
}

/** RFC 4180. Text that a spreadsheet would take for a formula is marked as text: ids and messages come from outside. */
export function csvLine(cells: readonly string[]): string {
  return cells
    .map((cell) => (/^[=+\-@\t]/.test(cell) ? `'${cell}` : cell))
    .map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell))
    .join(',');
}
