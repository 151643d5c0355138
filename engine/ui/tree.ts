// The tree as text: what of it fits the terminal, and how a row looks. Pure.
import type { Plan } from '../playbook/plan.ts';
import { type RunState, runStatus } from '../run/state.ts';
import { waitsOf } from '../run/waits.ts';
import { approvalDetails } from './approval-details.ts';
import { doubtPhrase } from './doubt-words.ts';
import { headLine } from './head-line.ts';
import type { LiveFacts } from './live-facts.ts';
import type { Palette } from './palette.ts';
import { textWidth, truncate } from './text.ts';
import { type Row, type RowState, treeRows } from './tree-rows.ts';
import { waitingFor } from './waiting.ts';

export interface Frame {
  readonly runId: string;
  readonly columns: number;
  /** Rows of the terminal; Infinity for a last frame that stays. */
  readonly rows: number;
  readonly palette: Palette;
  readonly now: number;
  /** Counts redraws: turns the spinner. null: a frame that stays, without what the run waits for. */
  readonly tick: number | null;
  /** False: no process works on the run, so that nothing of it runs now. */
  readonly isHeld: boolean;
  /** One more line at the end. */
  readonly notice?: string | undefined;
  /** What the screen saw itself; absent where it only knows the state. */
  readonly facts?: LiveFacts | undefined;
  /** A text with the commands in it as this reader types them; absent: as they are written here. */
  readonly asTyped?: ((text: string) => string) | undefined;
}

/** What is waited for is named one by one up to here: the tree must stay in sight. */
const MOST_WAITING = 3;

const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const SIGNS: { readonly [S in RowState]: string } = {
  upcoming: '·',
  active: '▸',
  waiting: '◆',
  done: '✔',
  amiss: '!',
  skipped: '↷',
  failed: '✖',
  more: '⋮',
  log: '›',
};

/** A header, the steps that fit, and below them what the run waits for with the commands to type. */
export function treeLines(plan: Plan, state: RunState, frame: Frame): string[] {
  const columns = Math.max(20, frame.columns - 1);
  const footer = footerLines(plan, state, frame, columns);
  const room = Math.max(4, frame.rows - 3 - footer.length);
  const rows = treeRows(plan, state, {
    now: frame.now,
    window: Number.isFinite(frame.rows) ? frame.rows : 50,
    facts: frame.facts,
  });
  return [
    headLine(plan, state, { ...frame, columns, mark: statusWord(state, frame.isHeld) }),
    ...fitRows(rows, room).map((row) => rowLine(row, frame, columns)),
    ...footer,
  ];
}

function statusWord(state: RunState, isHeld: boolean): string {
  const status = runStatus(state);
  return status === 'running' && !isHeld ? 'paused' : status;
}

function footerLines(plan: Plan, state: RunState, frame: Frame, columns: number): string[] {
  const typed = frame.asTyped ?? ((text) => text);
  const waiting = frame.tick === null ? [] : waitingFor(plan, state, frame.runId, MOST_WAITING);
  const lines: string[] = [];
  for (const item of waiting) {
    lines.push('', frame.palette.attention(truncate(`◆ ${item.title}: ${item.text}`, columns)));
    for (const line of detailLines(state, item.path, frame))
      lines.push(frame.palette.dim(`  ${truncate(typed(line), columns - 2)}`));
    // A command is not cut: it is there to be copied.
    for (const command of item.commands) lines.push(typed(`  ${command}`));
  }
  const rest = waiting.length < MOST_WAITING ? 0 : waitsOf(state).length - waiting.length;
  if (rest > 0) lines.push(frame.palette.attention(`◆ and ${rest} more`));
  if (frame.notice !== undefined) lines.push('', frame.palette.attention(truncate(typed(frame.notice), columns)));
  return lines;
}

/** What an approval is for, or what is in doubt; as much of it as leaves the tree in sight. */
function detailLines(state: RunState, path: string, frame: Frame): string[] {
  const step = state.steps.get(path);
  const pending = step?.approval?.pending;
  const lines = pending ? approvalDetails(pending) : (step?.doubts.map((doubt) => `- ${doubtPhrase(doubt)}`) ?? []);
  const most = Math.max(3, Math.floor(frame.rows / 4));
  return lines.length <= most ? lines : [...lines.slice(0, most - 1), `… all of it: runbook status ${frame.runId}`];
}

function rowLine(row: Row, frame: Frame, columns: number): string {
  const indent = '  '.repeat(row.level);
  const sign =
    row.state === 'active' && frame.tick !== null ? (SPINNER[frame.tick % SPINNER.length] ?? '▸') : SIGNS[row.state];
  const room = columns - indent.length - 2;
  const detailRoom =
    row.detail === ''
      ? 0
      : Math.min(textWidth(row.detail), Math.max(room - textWidth(row.title) - 2, Math.floor(room / 2)));
  const title = truncate(row.title, detailRoom === 0 ? room : room - detailRoom - 2);
  const detail = detailRoom === 0 ? '' : `  ${truncate(row.detail, detailRoom)}`;
  const { palette } = frame;
  switch (row.state) {
    case 'done':
      return `${indent}${palette.good(sign)} ${title}${palette.dim(detail)}`;
    case 'amiss':
      return `${indent}${palette.attention(sign)} ${title}${palette.attention(detail)}`;
    case 'failed':
      return `${indent}${palette.bad(sign)} ${title}${palette.bad(detail)}`;
    case 'waiting':
      return `${indent}${palette.attention(sign)} ${palette.bold(title)}${palette.attention(detail)}`;
    case 'active':
      return `${indent}${palette.active(sign)} ${palette.bold(title)}${palette.dim(detail)}`;
    case 'skipped':
    case 'upcoming':
    case 'more':
    case 'log':
      return `${indent}${palette.dim(`${sign} ${title}${detail}`)}`;
    default:
      return row.state satisfies never;
  }
}

/** Leaves out what matters least until it fits: log lines, then ended steps, then coming ones from the end. */
function fitRows(rows: readonly Row[], room: number): readonly Row[] {
  if (rows.length <= room) return rows;
  const dropped = (states: readonly RowState[], from: readonly Row[], fromEnd: boolean): Row[] => {
    let excess = from.length - room + 1;
    let hidden = 0;
    let place = -1;
    const kept: Row[] = [];
    const ordered = fromEnd ? [...from].reverse() : from;
    for (const row of ordered) {
      if (excess > 0 && states.includes(row.state)) {
        excess -= 1;
        hidden += 1;
        if (place === -1) place = kept.length;
        continue;
      }
      kept.push(row);
    }
    if (hidden > 0) {
      const words = states[0] === 'upcoming' ? 'more steps' : states[0] === 'log' ? '' : 'earlier steps';
      if (words !== '') kept.splice(place, 0, { level: 0, state: 'more', title: `${hidden} ${words}`, detail: '' });
    }
    return fromEnd ? kept.reverse() : kept;
  };
  let left = dropped(['log'], rows, false);
  if (left.length > room) left = dropped(['done', 'amiss', 'skipped'], left, false);
  if (left.length > room) left = dropped(['upcoming'], left, true);
  return left.slice(0, room);
}
