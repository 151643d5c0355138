// What runs changed and nobody has taken back: temporary changes first, for those must not stay.
import type { Json } from '../../json.ts';
import { inEffect, isOpenChange, openChangesOf } from '../../run/change-views.ts';
import type { LeftWhy } from '../../run/events.ts';
import { isUndoPath } from '../../run/paths.ts';
import { foldRun } from '../../run/session.ts';
import { type Change, lastsSince, type RunState } from '../../run/state.ts';
import type { Journal, RunRow } from '../../store/journal.ts';
import { countByVerb, countedVerb } from '../../ui/change-words.ts';
import { formatDuration } from '../../ui/duration.ts';
import { oneLine, shellWord } from '../../ui/text.ts';
import type { App } from '../app.ts';
import { liveHolder } from './held-by.ts';
import { shownStatus } from './shown-status.ts';
import { isUnfinished } from './unfinished.ts';

export interface Temporary {
  readonly run: string;
  readonly step: string;
  readonly title: string;
  readonly changes: number;
  /** Of these, nobody knows whether they happened. */
  readonly uncertain?: number;
  /** Why an undo left the first of them as it is. */
  readonly left?: string;
  /** What `runbook undo` needs to take that one back all the same. */
  readonly flag?: '--overwrite' | '--unchecked';
  /** ISO 8601; absent while its step is still at work. */
  readonly dueAt?: string;
  /** Milliseconds over due; negative: that long is left. */
  readonly overdueMs?: number;
  /** It stays on purpose. */
  readonly kept?: { readonly by: string; readonly reason: string };
}

export interface RunInEffect {
  readonly run: string;
  readonly playbook: string;
  readonly title: string;
  readonly isDrill: boolean;
  readonly status: string;
  readonly temporaries: readonly Temporary[];
  /** All that holds, the temporary ones included. */
  readonly changes: Counts;
  /** What may hold: nobody knows whether it happened. */
  readonly uncertain: Counts;
}

type Counts = readonly { readonly verb: string; readonly kind: string; readonly count: number }[];

/** Of one run, at a time in milliseconds since 1970. The longest over due first. */
export function temporariesOf(state: RunState, run: string, now: number): readonly Temporary[] {
  const found: Temporary[] = [];
  for (const step of state.steps.values()) {
    if (step.temporaryMs === undefined) continue;
    const holding = inEffect(state, step.path);
    const changes = holding.length;
    if (changes === 0) continue;
    const since = lastsSince(step);
    const due = since === undefined ? undefined : Date.parse(since) + step.temporaryMs;
    const uncertain = holding.filter(isOpenChange).length;
    const { left, leftWhy } = holding.find((change) => change.left !== undefined) ?? {};
    const flag = leftWhy === undefined ? undefined : FLAGS[leftWhy];
    const kept = state.kept.get(step.path);
    found.push({
      run,
      step: step.path,
      title: step.title,
      changes,
      ...(uncertain === 0 ? {} : { uncertain }),
      ...(left === undefined ? {} : { left }),
      ...(flag === undefined ? {} : { flag }),
      ...(due === undefined ? {} : { dueAt: new Date(due).toISOString(), overdueMs: now - due }),
      ...(kept === undefined ? {} : { kept }),
    });
  }
  return found.sort(longestOverDueFirst);
}

export function longestOverDueFirst(a: Temporary, b: Temporary): number {
  return (b.overdueMs ?? Number.NEGATIVE_INFINITY) - (a.overdueMs ?? Number.NEGATIVE_INFINITY);
}

const FLAGS: { readonly [W in LeftWhy]?: '--overwrite' | '--unchecked' } = {
  'held-by-run': '--overwrite',
  'not-checkable': '--unchecked',
};

/** What takes it back, to be typed. */
export function temporaryCommand({ run, step, flag }: Temporary): string {
  return `runbook undo ${shellWord(run)} ${shellWord(step)}${flag === undefined ? '' : ` ${flag}`}`;
}

/** `Open the bypass (1 change): over due by 42 min 10 s`. */
export function temporaryText({ title, changes, uncertain = 0, left, overdueMs, kept }: Temporary): string {
  const perhaps = uncertain === 0 ? '' : `, nobody knows whether ${uncertain === changes ? 'it' : uncertain} happened`;
  const what = `${oneLine(title)} (${changes === 1 ? '1 change' : `${changes} changes`}${perhaps})`;
  if (kept !== undefined) return `${what}: stays on purpose, ${oneLine(`${kept.by}: ${kept.reason}`)}`;
  const why = left === undefined ? '' : `; not taken back: ${oneLine(left)}`;
  if (overdueMs === undefined) return `${what}: its step is still at work${why}`;
  return overdueMs >= 0
    ? `${what}: over due by ${formatDuration(overdueMs)}${why}`
    : `${what}: ${formatDuration(-overdueMs)} left${why}`;
}

/** Runs that hold changes, newest first. A drill that has ended left nothing that matters. Folds one run at a time. */
export async function runsInEffect(
  app: Pick<App, 'clock'>,
  journal: Journal,
  rows: readonly RunRow[],
): Promise<readonly RunInEffect[]> {
  const found: RunInEffect[] = [];
  for (const row of rows) {
    if (row.isDrill && !isUnfinished(row)) continue;
    const state = await foldRun({ journal, runId: row.id, clock: app.clock, keepsOutput: () => false });
    const { changes, uncertain } = countInEffect(state);
    if (changes.length + uncertain.length === 0) continue;
    found.push({
      run: row.id,
      playbook: row.playbook,
      title: state.created?.title ?? state.created?.playbook.title ?? row.playbook,
      isDrill: row.isDrill,
      status: await statusOf(app, journal, row),
      temporaries: temporariesOf(state, row.id, app.clock.now()),
      changes,
      uncertain,
    });
  }
  return found;
}

/** The word that every other listing has for it. */
async function statusOf({ clock }: Pick<App, 'clock'>, journal: Journal, row: RunRow): Promise<string> {
  return shownStatus(row, (await liveHolder(journal, row.id, clock.now())) !== null);
}

function countInEffect(state: RunState): Pick<RunInEffect, 'changes' | 'uncertain'> {
  const holding: Change[] = [];
  for (const path of state.changes.keys()) if (!isUndoPath(path)) holding.push(...inEffect(state, path));
  return {
    changes: countByVerb(holding.filter((change) => !isOpenChange(change))),
    uncertain: countByVerb(openChangesOf(state).filter(({ step }) => !isUndoPath(step))),
  };
}

/** `ban 3 users; perhaps end 1 session`. */
export function changesText({ changes, uncertain }: Pick<RunInEffect, 'changes' | 'uncertain'>): string {
  const words = (counts: Counts): string => counts.map((one) => oneLine(countedVerb(one))).join(', ');
  return [words(changes), uncertain.length === 0 ? '' : `perhaps ${words(uncertain)}`].filter(Boolean).join('; ');
}

export function temporaryJson(temporary: Temporary): Json {
  const { kept, ...rest } = temporary;
  return { ...rest, ...(kept === undefined ? {} : { kept: { ...kept } }) };
}
