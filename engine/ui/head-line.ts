// The line over a tree or a question: the incident's title left, the run's marks and its clock right. Pure.
import type { Plan } from '../playbook/plan.ts';
import { FINALLY_SEGMENT, loopsAround } from '../run/paths.ts';
import type { RunState } from '../run/state.ts';
import { formatClock } from './duration.ts';
import type { Palette } from './palette.ts';
import { oneLine, textWidth, truncate } from './text.ts';

export interface HeadFacts {
  readonly runId: string;
  readonly now: number;
  readonly columns: number;
  readonly palette: Palette;
  /** After severity and run: its status, or which step is asked about. */
  readonly mark: string;
}

export function headLine(plan: Plan, state: RunState, facts: HeadFacts): string {
  const { created } = state;
  const { columns, palette } = facts;
  const marks = [state.severity, created?.drill ? 'drill' : '', facts.runId, facts.mark].filter((mark) => mark !== '');
  const until = state.endedAt === null ? facts.now : Date.parse(state.endedAt);
  const clock = formatClock(until - (state.createdAt === '' ? facts.now : Date.parse(state.createdAt)));
  const right = `${oneLine(marks.join(' · '))}  ${clock}`;
  const title = truncate(oneLine(created?.title ?? plan.title), Math.max(10, columns - textWidth(right) - 2));
  const gap = ' '.repeat(Math.max(2, columns - textWidth(title) - textWidth(right)));
  return `${palette.bold(title)}${gap}${palette.dim(truncate(right, columns))}`;
}

/**
 * `step 4 of 9`: among the playbook's own steps, a step in a group, loop or called playbook counting as that. Inside loops
 * also which item, numbered from 1, outermost first: `step 4 of 9, item 3`.
 */
export function stepPlace(plan: Plan, path: string): string {
  const top = path.split(/[/[]/, 1)[0] ?? path;
  if (top === FINALLY_SEGMENT) return 'finally';
  const index = plan.root.steps.findIndex((step) => step.path === top);
  if (index === -1) return '';
  const items = loopsAround(path).map((loop) => `, item ${loop.index + 1}`);
  return `step ${index + 1} of ${plan.root.steps.length}${items.join('')}`;
}
