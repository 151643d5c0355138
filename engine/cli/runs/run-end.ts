// How a run stands when a process lets go of it, and what to type next.
import { type RunState, runStatus } from '../../run/state.ts';
import { formatDuration } from '../../ui/duration.ts';
import { keptLines } from '../../ui/ended-lines.ts';
import { leftOpen, openOutcomeLines } from '../../ui/open-outcomes.ts';
import type { Palette } from '../../ui/palette.ts';
import { oneLine, shellWord } from '../../ui/text.ts';
import type { Waiting } from '../../ui/waiting.ts';

export interface RunEndFacts {
  readonly state: RunState;
  readonly runId: string;
  readonly waiting: readonly Waiting[];
  readonly isInterrupted: boolean;
  /** Of an aborted run: changes that can be taken back. */
  readonly reversible: number;
  readonly palette: Palette;
}

export function endLines(facts: RunEndFacts): string[] {
  const { state, runId, palette } = facts;
  const lines = [''];
  switch (runStatus(state)) {
    case 'done':
      lines.push(
        `${palette.good('Done')} in ${formatDuration(Date.parse(state.endedAt ?? state.lastAt) - Date.parse(state.createdAt))}${tolerated(state)}`,
      );
      break;
    case 'aborted':
      lines.push(
        `${palette.bad('Aborted')}: ${oneLine(state.abort ? `${state.abort.reason} (${state.abort.by})` : '')}`,
      );
      break;
    case 'failed':
      lines.push(
        `${palette.bad('Failed')}: the run stays open. Decide, then it goes on:`,
        ...waitingLines(facts.waiting),
      );
      break;
    case 'waiting':
    case 'running':
      lines.push(
        ...(facts.waiting.length === 0
          ? [palette.attention('Paused. Nothing is lost; go on with')]
          : [
              `${palette.attention('Paused')}. ${facts.isInterrupted ? 'Nothing is lost. ' : ''}It waits for:`,
              ...waitingLines(facts.waiting),
              'then',
            ]),
      );
      lines.push(`  runbook resume ${shellWord(runId)}`);
      break;
  }
  if (state.undo !== null) lines.push(...unfinishedUndo(facts));
  if (state.endedAt !== null) lines.push(`Report: runbook report ${shellWord(runId)}`);
  if (facts.reversible > 0 && state.undo === null)
    lines.push(`${changesText(facts.reversible)} in effect. Take back what it did: runbook undo ${shellWord(runId)}`);
  if (state.endedAt !== null) lines.push(...keptLines(state, runId));
  lines.push(...openOutcomeLines(runId, leftOpen(state)));
  lines.push(...headLines(runId, state).map(palette.dim));
  return lines;
}

function unfinishedUndo({ runId, waiting, palette, state }: RunEndFacts): string[] {
  const stopped = state.endedAt === null ? [] : waitingLines(waiting);
  return [
    `${palette.attention('Taking its changes back is not finished')}. Go on with: runbook undo ${shellWord(runId)}`,
    ...stopped,
  ];
}

export function changesText(count: number): string {
  return count === 1 ? '1 change is' : `${count} changes are`;
}

/** What pins the journal as it stands: anybody who noted it can check later that nothing was changed. */
export function headLines(runId: string, head: { readonly seq: number; readonly head: string }): string[] {
  return [`Journal of ${runId}: ${head.seq} events, head`, `  ${head.head}`];
}

function waitingLines(waiting: readonly Waiting[]): string[] {
  return waiting.flatMap((item) => [
    `  ${item.title}: ${item.text}`,
    ...item.commands.map((command) => `    ${command}`),
  ]);
}

function tolerated(state: RunState): string {
  if (state.tolerated.size === 0) return '';
  const titles = [...state.tolerated].map((path) => oneLine(state.steps.get(path)?.title ?? path));
  return `, with a failure under "continue": ${titles.join(', ')}`;
}
