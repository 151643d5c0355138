// The rows of the tree: which steps are in sight and how each reads. Pure: from plan and state. A step's row costs the
// window in sight, never the whole plan.
import type { GroupStep, Plan, PlanNode } from '../playbook/plan.ts';
import type { Change, RunState, StepState } from '../run/state.ts';
import { waitsForPerson } from '../run/state.ts';
import { changePhrases } from './change-words.ts';
import { formatDuration } from './duration.ts';
import type { LiveFacts } from './live-facts.ts';
import { oneLine } from './text.ts';
import { badVerdict } from './verdict.ts';

/** `amiss`: done, and its output says that all is not well. */
export type RowState = 'upcoming' | 'active' | 'waiting' | 'done' | 'amiss' | 'skipped' | 'failed' | 'more' | 'log';

export interface Row {
  readonly level: number;
  readonly state: RowState;
  readonly title: string;
  /** After the title: time, progress, reason. */
  readonly detail: string;
}

/** Every row in sight; open groups are unfolded, ended and coming ones are one row. */
export function treeRows(
  plan: Plan,
  state: RunState,
  options: { readonly now: number; readonly window: number; readonly facts?: LiveFacts | undefined },
): Row[] {
  const rows: Row[] = [];
  addGroup(rows, plan.root, state, { ...options, level: 0 });
  return rows;
}

interface View {
  readonly now: number;
  /** How many siblings before and after those under way are listed one by one. */
  readonly window: number;
  readonly level: number;
  readonly facts?: LiveFacts | undefined;
}

function addGroup(rows: Row[], group: GroupStep, state: RunState, view: View): void {
  const own = state.steps.get(group.path);
  const active = [...(own?.active ?? [])].map((path) => state.steps.get(path)?.index ?? 0);
  const next = own?.next ?? 0;
  const first = Math.max(0, Math.min(next, ...active) - view.window);
  const last = Math.min(group.steps.length, next + view.window);
  if (first > 0) rows.push({ level: view.level, state: 'more', title: `${first} earlier steps`, detail: '' });
  for (const node of group.steps.slice(first, last)) addStep(rows, node, state, view);
  const rest = group.steps.length - last;
  if (rest > 0) rows.push({ level: view.level, state: 'more', title: `${rest} more steps`, detail: '' });
}

function addStep(rows: Row[], node: PlanNode, state: RunState, view: View): void {
  const step = state.steps.get(node.path);
  if (!step) {
    rows.push({ level: view.level, state: 'upcoming', title: oneLine(node.title), detail: '' });
    return;
  }
  const verdict = step.phase === 'done' ? (view.facts?.verdicts.get(step.path) ?? badVerdict(step.output)) : null;
  const rowState = verdict === null ? rowStateOf(step) : 'amiss';
  rows.push({
    level: view.level,
    state: rowState,
    title: oneLine(step.title),
    detail: [verdict ?? '', detailOf(step, rowState, state, view)].filter((part) => part !== '').join(' · '),
  });
  if (node.kind === 'group' && rowState === 'active') {
    addGroup(rows, node, state, { ...view, level: view.level + 1 });
  } else if (rowState === 'active' && step.lastLog !== undefined) {
    rows.push({ level: view.level + 1, state: 'log', title: oneLine(step.lastLog), detail: '' });
  }
}

function rowStateOf(step: StepState): RowState {
  if (step.phase === 'stopped') return 'failed';
  if (step.phase === 'done' || step.phase === 'skipped' || step.phase === 'failed') return step.phase;
  return step.kind !== 'group' && waitsForPerson(step) ? 'waiting' : 'active';
}

function detailOf(step: StepState, rowState: RowState, state: RunState, view: View): string {
  switch (rowState) {
    case 'done':
    case 'amiss': {
      const parts = changePhrases(changesUnder(state, step));
      if (step.by !== undefined) parts.push(`by ${oneLine(step.by)}`);
      if (step.durationMs !== undefined) parts.push(formatDuration(step.durationMs));
      return parts.join(' · ');
    }
    case 'skipped':
      return `skipped: ${oneLine(step.skip?.text ?? '')}`;
    case 'failed':
      return oneLine(step.error?.message ?? '');
    case 'waiting':
      return step.approval?.pending ? 'waits for approval' : 'waits for a person';
    default:
      return activeDetail(step, view);
  }
}

/** Its own time, where it is known: not that of the people it waited for. */
function activeDetail(step: StepState, { now, facts }: View): string {
  const elapsedMs = now - (facts?.startedAt.get(step.path) ?? Date.parse(step.openedAt));
  const parts: string[] = [];
  if (step.kind === 'uses' && step.progress) parts.push(progressText(step.progress, elapsedMs));
  if (step.phase === 'retrying') parts.push(`tries again after: ${oneLine(step.error?.message ?? 'a failure')}`);
  if (step.phase === 'polling') parts.push(`round ${step.round + 1}`);
  if (step.phase === 'attempting' && step.attempt > 1) parts.push(`attempt ${step.attempt}`);
  parts.push(formatDuration(Math.max(0, Math.floor(elapsedMs / 1000) * 1000)).replace(/^0 ms$/, '0 s'));
  return parts.join(' · ');
}

function progressText(progress: NonNullable<StepState['progress']>, elapsedMs: number): string {
  const unit = progress.unit === undefined ? '' : ` ${oneLine(progress.unit)}`;
  const { done, total } = progress;
  if (total === undefined || total <= 0) return `${done}${unit}`;
  const share = Math.min(1, done / total);
  const filled = Math.round(share * 10);
  const leftMs = done > 0 && share < 1 && elapsedMs > 2000 ? (elapsedMs / done) * (total - done) : 0;
  const left = leftMs > 0 ? `, ${formatDuration(Math.ceil(leftMs / 1000) * 1000)} left` : '';
  return `${'█'.repeat(filled)}${'░'.repeat(10 - filled)} ${done}/${total}${unit}${left}`;
}

/** A folded group tells what its steps did. */
function* changesUnder(state: RunState, step: StepState): Iterable<Change> {
  if (step.kind !== 'group') {
    yield* state.changes.get(step.path)?.values() ?? [];
    return;
  }
  for (const [path, ledger] of state.changes) if (path.startsWith(`${step.path}/`)) yield* ledger.values();
}
