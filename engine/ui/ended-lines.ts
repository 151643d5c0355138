// What stays on the screen of a step, an answer, an approval that ended: its plain line with a sign before it, and
// below it the last thing the step had to say. Pure.

import { inEffect } from '../run/change-views.ts';
import type { RunEvent } from '../run/events.ts';
import { isContainer, type RunState } from '../run/state.ts';
import { loopEnds } from './loop-counts.ts';
import type { Palette } from './palette.ts';
import { plainLine } from './plain.ts';
import { oneLine, shellWord, wrap } from './text.ts';
import { badVerdict } from './verdict.ts';

export interface EndedLine {
  readonly mark: 'good' | 'attention' | 'bad' | 'dim';
  readonly text: string;
  readonly log?: string;
}

const SIGNS: { readonly [M in EndedLine['mark']]: string } = { good: '✔', attention: '!', bad: '✖', dim: '↷' };

/**
 * Of an event folded into `state` just before; null where nothing ended by it.
 * @param operator who sits at this screen: their own answer needs no line, its step's end tells it.
 */
export function endedLine(event: RunEvent, state: RunState, operator: string): EndedLine | null {
  const mark = markOf(event, state, operator);
  const text = mark === null ? null : plainLine(event, state);
  if (mark === null || text === null) return null;
  const step = event.step === undefined ? undefined : state.steps.get(event.step);
  const hasLog = event.type === 'step.done' || event.type === 'step.failed';
  const log = hasLog && step?.kind === 'uses' ? step.lastLog : undefined;
  return { mark, text, ...(log === undefined ? {} : { log: oneLine(log) }) };
}

function markOf(event: RunEvent, state: RunState, operator: string): EndedLine['mark'] | null {
  switch (event.type) {
    case 'step.done':
      return doneMark(event, state);
    case 'step.failed':
    case 'approval.denied':
    case 'abort.requested':
      return 'bad';
    case 'step.skipped':
      return 'dim';
    case 'approval.given':
      return 'good';
    case 'manual.answered':
      return event.data.by === operator ? null : 'good';
    case 'output.given':
      return event.data.by === operator ? null : 'good';
    case 'doubt.resolved':
      return event.data.choice === 'done' ? 'good' : 'attention';
    case 'step.reopened':
    case 'approval.voided':
    case 'change.doubted':
    case 'run.adopted':
    case 'temporary.kept':
      return 'attention';
    default:
      return null;
  }
}

/** The steps inside a container have their own lines; of a loop the sum is told. */
function doneMark(event: RunEvent<'step.done'>, state: RunState): EndedLine['mark'] | null {
  const step = state.steps.get(event.step ?? '');
  if (step?.kind === 'loop') return loopEnds(state, step).failed.size > 0 ? 'attention' : 'good';
  if (step !== undefined && isContainer(step.kind)) return null;
  return badVerdict(event.data.output) === null && !event.data.needsOutput ? 'good' : 'attention';
}

/** The lines to print, none wider than `columns`; what does not fit hangs below. */
export function endedText(line: EndedLine, columns: number, palette: Palette): string[] {
  // Time and word keep their columns; what is said of them hangs under itself.
  const head = /^\S+ \S+ +/.exec(line.text)?.[0] ?? '';
  const [first = '', ...more] = wrap(line.text.slice(head.length), columns - head.length - 2);
  const log = line.log === undefined ? [] : wrap(line.log, columns - 6);
  return [
    `${palette[line.mark](SIGNS[line.mark])} ${head}${first}`,
    ...more.map((one) => `  ${' '.repeat(head.length)}${one}`),
    ...log.map((one, index) => palette.dim(`    ${index === 0 ? '›' : ' '} ${one}`)),
  ];
}

/** At the end of a run: temporary changes that stay on purpose, each with who wants it so and how it is taken back. */
export function keptLines(state: RunState, runId: string): string[] {
  return [...state.kept].flatMap(([path, { by, reason }]) => {
    const count = inEffect(state, path).length;
    if (count === 0) return [];
    const what = `${oneLine(state.steps.get(path)?.title ?? path)} (${count === 1 ? '1 change' : `${count} changes`})`;
    return [
      `Temporary, and stays on purpose: ${what}, by ${oneLine(by)}: ${oneLine(reason)}. Take it back:`,
      `  runbook undo ${shellWord(runId)} ${shellWord(path)}`,
    ];
  });
}
