// What a report says, as data, from a run's events alone. What the journal does not hold is null or empty: the template
// marks it as to be written.
import type { RunEvent } from '../run/events.ts';
import { evolve } from '../run/evolve.ts';
import { initialState, type RunState, runStatus, type StepState } from '../run/state.ts';
import { waitLines } from '../run/waits.ts';
import { changePhrases } from '../ui/change-words.ts';
import { type Metrics, metricsOf } from './metrics.ts';
import { shortValue } from './short-value.ts';
import { person, type TimelineEntry, timelineText } from './timeline.ts';
import { type Touched, touchedBy } from './touched.ts';

export interface ReportModel {
  readonly run: string;
  readonly title: string;
  readonly playbook: string;
  /** The run's status; `stopped` where it is under way and no process works on it. */
  readonly status: string;
  readonly isOver: boolean;
  /** The scenario's name; null: no drill. */
  readonly drill: { readonly scenario: string; readonly points: number | null } | null;
  readonly operator: string;
  readonly startedAt: string;
  readonly detectedAt: string | null;
  readonly mitigatedAt: string | null;
  readonly endedAt: string | null;
  readonly severity: string;
  readonly severityBefore: string | null;
  /** Users affected, as a person stated it. */
  readonly affected: { readonly users: number; readonly text: string | null } | null;
  readonly metrics: Metrics;
  readonly timeline: readonly TimelineEntry[];
  readonly rootCause: string | null;
  readonly resolution: readonly ResolutionEntry[];
  /** Skipped and failed steps, with why. */
  readonly notDone: readonly { readonly title: string; readonly what: string }[];
  readonly approvals: readonly { readonly title: string; readonly what: string }[];
  readonly waitsFor: readonly string[];
  readonly actionItems: readonly { readonly text: string; readonly owner: string | null }[];
  readonly findings: readonly string[];
  readonly lessons: string | null;
  readonly head: { readonly seq: number; readonly hash: string };
}

/** A step that changed something, or that people did by hand. */
export interface ResolutionEntry {
  readonly title: string;
  readonly what: string;
  readonly touched: readonly Touched[];
  /** What was answered to a manual step, shortened; what the report tells elsewhere in full is left out. */
  readonly answers: readonly { readonly name: string; readonly value: string }[];
}

/** What the journal does not say. */
export interface ReportMoment {
  /** Milliseconds since 1970; until when an open run has lasted. */
  readonly now: number;
  /** A live process holds the run. */
  readonly isWorkedOn: boolean;
}

export interface ReportReader {
  add(event: RunEvent): void;
  model(moment: ReportMoment): ReportModel;
}

/** Takes a run's events in order, one by one, so that a long journal need not lie in memory. */
export function createReportReader(runId: string): ReportReader {
  const state = initialState({ keepsOutput: () => false });
  const timeline: TimelineEntry[] = [];
  const told: Told = {
    fields: new Map(),
    cause: null,
    affected: null,
    actionItems: [],
    findings: [],
    approvals: [],
  };
  return {
    add(event) {
      evolve(state, event);
      hear(told, event, state);
      const text = timelineText(event, state);
      if (text !== null) timeline.push({ at: event.at, text });
    },
    model: (moment) => toModel({ runId, state, timeline, told, moment }),
  };
}

/** What people said, as it was said. */
interface Told {
  /** Answers of manual steps: the last of each name. */
  readonly fields: Map<string, string>;
  cause: string | null;
  affected: ReportModel['affected'];
  readonly actionItems: { readonly text: string; readonly owner: string | null }[];
  readonly findings: string[];
  readonly approvals: { readonly title: string; readonly what: string }[];
}

function hear(told: Told, event: RunEvent, state: RunState): void {
  const title = event.step === undefined ? '' : (state.steps.get(event.step)?.title ?? event.step);
  switch (event.type) {
    case 'manual.answered':
      for (const [name, value] of Object.entries(event.data.fields))
        if (typeof value === 'string' && value.trim() !== '') told.fields.set(name, value);
      if (typeof event.data.fields.findings === 'string') told.findings.push(event.data.fields.findings);
      return;
    case 'cause.stated':
      told.cause = event.data.text;
      return;
    case 'impact.stated':
      told.affected = { users: event.data.users, text: event.data.text ?? null };
      return;
    case 'note.added':
      if (event.data.kind === 'action-item')
        told.actionItems.push({ text: event.data.text, owner: event.data.owner ?? null });
      if (event.data.kind === 'finding') told.findings.push(event.data.text);
      return;
    case 'approval.given':
      told.approvals.push({ title, what: `given by ${person(event.data)}` });
      return;
    case 'approval.denied':
      told.approvals.push({ title, what: `denied by ${person(event.data)}: ${event.data.reason}` });
      return;
    default:
      return;
  }
}

function toModel(of: {
  runId: string;
  state: RunState;
  timeline: readonly TimelineEntry[];
  told: Told;
  moment: ReportMoment;
}): ReportModel {
  const { runId, state, told, moment } = of;
  const { created } = state;
  const before = created?.playbook.severity ?? '';
  const steps = [...state.steps.values()].filter((step) => step.kind !== 'group');
  const points = state.score?.points;
  const rootCause = told.cause ?? told.fields.get('root_cause') ?? null;
  const lessons = told.fields.get('lessons') ?? null;
  const toldInFull = new Set([rootCause, lessons, ...told.findings]);
  return {
    run: runId,
    title: created?.title ?? created?.playbook.title ?? runId,
    playbook: created?.playbook.name ?? '',
    status: statusOf(state, moment),
    isOver: state.endedAt !== null,
    drill: created?.drill
      ? { scenario: created.drill.scenario, points: typeof points === 'number' ? points : null }
      : null,
    operator: created?.operator ?? '',
    startedAt: state.createdAt,
    detectedAt: created?.detectedAt ?? null,
    mitigatedAt: state.mitigatedAt,
    endedAt: state.endedAt,
    severity: state.severity,
    severityBefore: before === state.severity ? null : before,
    affected: told.affected,
    metrics: metricsOf(state, moment.now),
    timeline: of.timeline,
    rootCause,
    resolution: steps.flatMap((step) => resolutionOf(step, state, toldInFull)),
    notDone: steps.flatMap(notDoneOf),
    approvals: told.approvals,
    waitsFor: state.endedAt === null ? waitLines(state) : [],
    actionItems: told.actionItems,
    findings: told.findings,
    lessons,
    head: { seq: state.seq, hash: state.head },
  };
}

function statusOf(state: RunState, { isWorkedOn }: ReportMoment): string {
  const status = runStatus(state);
  return status === 'running' && !isWorkedOn ? 'stopped' : status;
}

/** Steps that changed something, and what people did by hand. */
function resolutionOf(step: StepState, state: RunState, toldInFull: ReadonlySet<string | null>): ResolutionEntry[] {
  const changes = [...(state.changes.get(step.path)?.values() ?? [])];
  const phrases = changePhrases(changes);
  if (phrases.length === 0 && (step.kind !== 'manual' || step.phase !== 'done')) return [];
  if (step.by !== undefined) phrases.push(`done by ${step.by}`);
  if (step.note !== undefined) phrases.push(step.note);
  const answers = Object.entries(step.answer?.fields ?? {})
    .filter(([, value]) => typeof value !== 'string' || !toldInFull.has(value))
    .map(([name, value]) => ({ name, value: shortValue(value) }));
  return [{ title: step.title, what: phrases.join('; '), touched: touchedBy(changes), answers }];
}

function notDoneOf(step: StepState): { title: string; what: string }[] {
  if (step.phase === 'skipped') return [{ title: step.title, what: `skipped: ${step.skip?.text ?? ''}` }];
  if (step.phase === 'failed' || step.phase === 'stopped')
    return [{ title: step.title, what: `failed: ${step.error?.message ?? ''}` }];
  return [];
}
