// The rows of the tree: which steps are in sight and how each reads. Pure: from plan and state. A redraw costs the
// window in sight, never the whole plan and never a whole loop.
import type { CallStep, GroupStep, LoopStep, Plan, PlanNode } from '../playbook/plan.ts';
import { childPath, FINALLY_SEGMENT, instancePath, isInside, isUndoPath } from '../run/paths.ts';
import type { Change, RunState, StepState } from '../run/state.ts';
import { isContainer, waitsForPerson } from '../run/state.ts';
import { changePhrases } from './change-words.ts';
import { doubtPhrase } from './doubt-words.ts';
import { formatDuration } from './duration.ts';
import { endsOf, type LiveFacts } from './live-facts.ts';
import { loopCounts, loopPhrase } from './loop-counts.ts';
import { siblingsInSight } from './siblings.ts';
import { oneLine } from './text.ts';
import { troubleInside, troublePhrase } from './trouble-inside.ts';
import { badVerdict } from './verdict.ts';

/** `amiss`: done, and its output, or an instance of it, says that all is not well. */
export type RowState = 'upcoming' | 'active' | 'waiting' | 'done' | 'amiss' | 'skipped' | 'failed' | 'more' | 'log';

export interface Row {
  readonly level: number;
  readonly state: RowState;
  readonly title: string;
  /** After the title: time, progress, reason. */
  readonly detail: string;
}

/** Every row in sight; open groups, loops and calls are unfolded, ended and coming ones are one row. */
export function treeRows(
  plan: Plan,
  state: RunState,
  options: { readonly now: number; readonly window: number; readonly facts?: LiveFacts | undefined },
): Row[] {
  const rows: Row[] = [];
  const view: View = { ...options, state, level: 0 };
  addInside(rows, plan.root, '', view);
  addFinally(rows, plan.finally, FINALLY_SEGMENT, view);
  addUndo(rows, view);
  return rows;
}

/** Batches of an undo under way: they are no steps of the plan. */
function addUndo(rows: Row[], view: View): void {
  if (view.state.undo === null) return;
  rows.push({ level: 0, state: 'active', title: 'Taking changes back', detail: '' });
  for (const path of view.state.openSteps) {
    const step = isUndoPath(path) ? view.state.steps.get(path) : undefined;
    if (step) rows.push(rowOf(step, null, { ...view, level: 1 }));
  }
}

interface View {
  readonly state: RunState;
  readonly now: number;
  /** How many siblings before and after those under way are listed one by one. */
  readonly window: number;
  readonly level: number;
  readonly facts?: LiveFacts | undefined;
}

/** Nothing is said of it before it starts: until then nobody knows what it will have to do. */
function addFinally(rows: Row[], node: GroupStep | undefined, path: string, view: View): void {
  if (node && view.state.steps.has(path)) addStep(rows, node, path, view);
}

/** @param path of the container in this run: the plan's own path has no numbers of instances */
function addInside(rows: Row[], node: ContainerNode, path: string, view: View): void {
  if (node.kind === 'loop') return addInstances(rows, node, path, view);
  addSiblings(rows, path, view, {
    total: node.steps.length,
    last: node.steps.length,
    word: 'step',
    add(index) {
      const child = node.steps[index];
      if (child) addStep(rows, child, childPath(path, child.id), view);
    },
  });
  if (node.kind === 'call') addFinally(rows, node.finally, childPath(path, FINALLY_SEGMENT), view);
}

/** Those to come have no title yet: they are a number. */
function addInstances(rows: Row[], node: LoopStep, path: string, view: View): void {
  const own = view.state.steps.get(path);
  addSiblings(rows, path, view, {
    total: own?.count ?? 0,
    last: own?.next ?? 0,
    word: 'item',
    add: (index) => addStep(rows, node.body, instancePath(path, index), view),
  });
}

function addSiblings(
  rows: Row[],
  path: string,
  view: View,
  of: {
    readonly total: number;
    readonly last: number;
    readonly word: string;
    readonly add: (index: number) => void;
  },
): void {
  const more = (count: number, which: string): void => {
    const title = `${count} ${which} ${of.word}${count === 1 ? '' : 's'}`;
    rows.push({ level: view.level, state: 'more', title, detail: '' });
  };
  const indexes = siblingsInSight(view.state.steps.get(path), view.state, { last: of.last, window: view.window });
  let next = 0;
  for (const index of indexes) {
    if (index > next) more(index - next, next === 0 ? 'earlier' : 'other');
    of.add(index);
    next = index + 1;
  }
  if (of.total > next) more(of.total - next, 'more');
}

function addStep(rows: Row[], node: PlanNode, path: string, view: View): void {
  const step = view.state.steps.get(path);
  if (!step) {
    rows.push({ level: view.level, state: 'upcoming', title: oneLine(node.title), detail: '' });
    return;
  }
  const row = rowOf(step, verdictOf(node, step, view), view);
  rows.push(row);
  if (row.state !== 'active') return;
  if (isContainerNode(node)) addInside(rows, node, path, { ...view, level: view.level + 1 });
  else if (step.lastLog !== undefined)
    rows.push({ level: view.level + 1, state: 'log', title: oneLine(step.lastLog), detail: '' });
}

function rowOf(step: StepState, verdict: string | null, view: View): Row {
  const state = verdict === null ? rowStateOf(step) : 'amiss';
  const detail = [verdict ?? '', detailOf(step, state, view)].filter((part) => part !== '').join(' · ');
  return { level: view.level, state, title: oneLine(step.title), detail };
}

type ContainerNode = GroupStep | LoopStep | CallStep;

function isContainerNode(node: PlanNode): node is ContainerNode {
  return isContainer(node.kind);
}

/** What is not well about a step that is done; null where all is. */
function verdictOf(node: PlanNode, step: StepState, view: View): string | null {
  if (step.phase !== 'done') return null;
  if (!isContainer(step.kind)) return view.facts?.verdicts.get(step.path) ?? badVerdict(step.output);
  const trouble = troubleOf(node, step, view);
  if (step.kind !== 'loop' || trouble === null) return trouble;
  const counts = loopCounts(step, endsOf(view.facts, view.state, step));
  return counts.failed > 0 ? loopPhrase(counts) : `${loopPhrase(counts)} · ${trouble}`;
}

/** Looked for once: what is inside a container that is done stays as it is until it comes again. */
function troubleOf(node: PlanNode, { path }: StepState, { state, facts }: View): string | null {
  const known = facts?.troubles.get(path);
  if (known !== undefined) return known;
  const trouble = troublePhrase(troubleInside(node, path, { state, verdicts: facts?.verdicts }));
  facts?.troubles.set(path, trouble);
  return trouble;
}

function rowStateOf(step: StepState): RowState {
  if (step.phase === 'stopped') return 'failed';
  if (step.phase === 'done' || step.phase === 'skipped' || step.phase === 'failed') return step.phase;
  return waitsForPerson(step) ? 'waiting' : 'active';
}

function detailOf(step: StepState, rowState: RowState, view: View): string {
  switch (rowState) {
    case 'done':
    case 'amiss': {
      const parts = [...phrasesOf(step, view)];
      if (step.kind === 'loop' && rowState === 'done') parts.unshift(loopText(step, view));
      if (step.by !== undefined) parts.push(`by ${oneLine(step.by)}`);
      if (step.durationMs !== undefined) parts.push(formatDuration(step.durationMs));
      return parts.join(' · ');
    }
    case 'skipped':
      return `skipped: ${oneLine(step.skip?.text ?? '')}`;
    case 'failed':
      return oneLine(step.error?.message ?? '');
    case 'waiting':
      return waitingDetail(step);
    default:
      return activeDetail(step, view);
  }
}

function waitingDetail(step: StepState): string {
  if (step.phase === 'wanting') return 'waits for its output';
  if (step.doubts.length > 0) return `in doubt: ${step.doubts.map(doubtPhrase).join('; ')}`;
  if (step.approval?.pending?.limits) return 'waits for approval to go over a limit';
  return step.approval?.pending ? 'waits for approval' : 'waits for a person';
}

function loopText(step: StepState, { facts, state }: View): string {
  return loopPhrase(loopCounts(step, endsOf(facts, state, step)));
}

/** Its own time, where it is known: not that of the people it waited for. */
function activeDetail(step: StepState, view: View): string {
  const { now, facts } = view;
  const elapsedMs = now - (facts?.startedAt.get(step.path) ?? Date.parse(step.openedAt));
  const parts: string[] = [];
  if (step.kind === 'loop') parts.push(loopText(step, view));
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

/** Counted once for a step that has ended: a redraw does not go through its ledger again. */
function phrasesOf(step: StepState, { state, facts }: View): readonly string[] {
  const known = facts?.phrases.get(step.path);
  if (known) return known;
  const phrases = changePhrases(changesUnder(state, step));
  facts?.phrases.set(step.path, phrases);
  return phrases;
}

/** A folded group tells what its steps did. */
function* changesUnder(state: RunState, step: StepState): Iterable<Change> {
  if (!isContainer(step.kind)) {
    yield* state.changes.get(step.path)?.values() ?? [];
    return;
  }
  for (const [path, ledger] of state.changes) if (isInside(path, step.path)) yield* ledger.values();
}
