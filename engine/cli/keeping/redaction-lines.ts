// Where a value stands in a run, and what became of it, as people read it. No line holds the value.
import { listed } from '../../playbook/suggest.ts';
import type { RedactionPlan } from '../../store/redact.ts';
import { oneLine } from '../../ui/text.ts';
import type { App } from '../app.ts';
import { shownPath } from '../shown-path.ts';
import { counted } from './check-lines.ts';
import type { LeftBehind } from './left-behind.ts';

/** Of one event, on the screen; the journal keeps all. */
const MOST_PATHS = 4;

export function planLines({ redactor }: App, runId: string, { events, blobs, heads }: RedactionPlan): string[] {
  // What was looked for may be a key, or the name of a file.
  const safe = (text: string): string => oneLine(redactor.text(text));
  if (events.length + blobs.length + heads.length === 0) return [`The run ${runId} does not hold it.`];
  const lines = [`In the run ${runId}:`];
  for (const { seq, type, step, paths } of events) {
    const where = step === null ? type : `${type}, ${safe(step)}`;
    lines.push(`  event ${seq} (${where}): ${listed(paths.map(safe), MOST_PATHS)}`);
  }
  for (const { name, file, sizeBytes, seqs } of blobs) {
    const what = file === undefined ? `stored value ${name.slice(0, 12)}…` : `file ${safe(file)}`;
    lines.push(`  ${what}, ${sizeBytes} bytes, of ${seqs.length === 0 ? 'no event' : `event ${seqs.join(', ')}`}`);
  }
  for (const seq of heads)
    lines.push(`  event ${seq}: who or which step it is of. The chain is made of that, so it stays`);
  return [...lines, ...consequences({ events })];
}

function consequences({ events }: Pick<RedactionPlan, 'events'>): string[] {
  const stands = (isMeant: (type: string) => boolean, at: RegExp): boolean =>
    events.some(({ type, paths }) => isMeant(type) && paths.some((path) => at.test(path)));
  const lines: string[] = [];
  if (stands((type) => type.startsWith('change.'), /^(targets|results)\b.*\.id$/))
    lines.push('  It is in the name of something that was changed: runbook undo cannot take that change back any more');
  if (stands(() => true, /^templates\b.*\.text$/))
    lines.push('  The text of a template holds it: what is rendered by it from now on says so');
  if (stands(() => true, /^(playbook|calls)\b.*\.text$/))
    lines.push(
      '  The text of the playbook holds it: where what is left is not valid, the run can be read but not resumed',
    );
  return lines;
}

export function placesText({ events, blobs }: RedactionPlan): string {
  const ofEvents = counted(events.length, 'event');
  return blobs.length === 0 ? ofEvents : `${ofEvents} and ${counted(blobs.length, 'file')}`;
}

/** @returns what is done, and what is left to do. */
export function erasedLines(
  app: App,
  plan: RedactionPlan,
  left: LeftBehind,
): { readonly done: readonly string[]; readonly toDo: readonly string[] } {
  const shown = (file: string): string => shownPath(app.cwd, file);
  const done = [
    plan.events.length + plan.blobs.length === 0
      ? 'Rebuilt the store.'
      : `Erased from ${placesText(plan)}. The chain holds, and runbook verify names them.`,
  ];
  if (left.isGone && left.wasSearched) done.push('No byte of the store’s files holds it.');
  const toDo: string[] = [];
  if (!left.isCompact)
    toDo.push(
      'Other processes use the store, so older bytes may still stand in its files: repeat the command when none does',
    );
  else if (left.runs.length > 0) toDo.push(`Other runs hold it too: ${left.runs.join(', ')}. Erase it there as well`);
  else if (left.store.length > 0)
    toDo.push(
      `Still in ${left.store.map(shown).join(', ')}${plan.heads.length > 0 ? ', as who or which step an event is of' : ''}`,
    );
  for (const file of left.files) toDo.push(`${shown(file)} holds it: delete it, or write it again`);
  for (const file of left.exports) toDo.push(`${shown(file)} was exported before: delete it, or export the run again`);
  toDo.push(
    left.isServer
      ? 'The server’s write-ahead log, its standbys and backups, and other exports are not reached from here.'
      : 'Other exports, backups and copies of the store are not reached from here.',
  );
  return { done, toDo };
}
