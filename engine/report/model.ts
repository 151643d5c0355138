// What a report says, as data, from a run's events alone. What the journal does not hold is null or empty: the template
// marks it as to be written.
import type { RunEvent } from '../run/events.ts';
import { evolve } from '../run/evolve.ts';
import { initialState, type RunState, runStatus } from '../run/state.ts';
import { waitLines } from '../run/waits.ts';
import { type Evidence, type EvidenceDigests, type EvidenceFact, evidenceFact } from './evidence.ts';
import { type Metrics, metricsOf } from './metrics.ts';
import { bounded, type NamedFact } from './named-fact.ts';
import { neverReachedOf } from './never-reached.ts';
import { leftOutOf, notDoneOf } from './not-done.ts';
import { openOutcomesOf } from './open-outcomes.ts';
import { type ResolutionEntry, resolutionOf } from './resolution.ts';
import { shortValue } from './short-value.ts';
import { stillInEffectOf } from './still-in-effect.ts';
import { createTimeline, type TimelineEntry } from './timeline.ts';
import { hear, nothingTold, type Told } from './told.ts';
import { writtenSteps } from './written-steps.ts';

export interface ReportModel {
  readonly run: string;
  readonly title: string;
  readonly playbook: string;
  /** Of the config; null: none. */
  readonly environment: string | null;
  /** The run's status; `stopped` where it is under way and no process works on it. */
  readonly status: string;
  readonly isOver: boolean;
  /** The scenario's name; null: no drill. */
  readonly drill: { readonly scenario: string; readonly points: number | null } | null;
  readonly operator: string;
  /** What it was started with, shortened; secrets as references. */
  readonly inputs: readonly { readonly name: string; readonly value: string }[];
  readonly startedAt: string;
  readonly detectedAt: string | null;
  readonly mitigatedAt: string | null;
  readonly endedAt: string | null;
  readonly severity: string;
  readonly severityBefore: string | null;
  /** Users affected, as a person stated it. */
  readonly affected: Told['affected'];
  readonly metrics: Metrics;
  readonly timeline: readonly TimelineEntry[];
  readonly rootCause: string | null;
  readonly resolution: readonly ResolutionEntry[];
  /** Skipped and failed steps, with why; what was left out on purpose has its own place. */
  readonly notDone: readonly NamedFact[];
  /** Steps that a run which is over never came to. */
  readonly neverReached: readonly NamedFact[];
  /** By `--from` and `--only`; null: nothing. */
  readonly leftOut: string | null;
  readonly approvals: readonly NamedFact[];
  /** Limits that the run was allowed to pass, and by whom. */
  readonly overLimits: readonly NamedFact[];
  /** What became of changes in doubt, who said so, and why. */
  readonly doubts: readonly NamedFact[];
  /** Changes that nobody knows the outcome of, by step. */
  readonly openOutcomes: readonly NamedFact[];
  /** What the run made, can be taken back or was to be for a time only, and still holds; by step. */
  readonly stillInEffect: readonly NamedFact[];
  /** Files that people gave with their answers. */
  readonly evidence: readonly EvidenceFact[];
  /** Outputs that people gave in the place of an action. */
  readonly givenOutputs: readonly NamedFact[];
  readonly waitsFor: readonly string[];
  readonly actionItems: readonly { readonly text: string; readonly owner: string | null }[];
  readonly findings: readonly string[];
  readonly lessons: string | null;
  readonly head: { readonly seq: number; readonly hash: string };
}

/** What the journal does not say. */
export interface ReportMoment {
  /** Milliseconds since 1970; until when an open run has lasted. */
  readonly now: number;
  /** A live process holds the run. */
  readonly isWorkedOn: boolean;
  /** What the files that the evidence refers to hold. */
  readonly digests?: EvidenceDigests;
}

export interface ReportReader {
  add(event: RunEvent): void;
  /** Of the events so far. */
  readonly evidence: readonly Evidence[];
  model(moment: ReportMoment): ReportModel;
}

/** Takes a run's events in order, one by one, so that a long journal need not lie in memory. */
export function createReportReader(runId: string): ReportReader {
  const state = initialState({ keepsOutput: () => false });
  const timeline = createTimeline();
  const told = nothingTold();
  return {
    add(event) {
      evolve(state, event);
      hear(told, event, state);
      timeline.add(event, state);
    },
    evidence: told.evidence,
    model: (moment) => toModel({ runId, state, timeline: timeline.entries, told, moment }),
  };
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
  const points = state.score?.points;
  const rootCause = told.cause ?? told.fields.get('root_cause') ?? null;
  const lessons = told.fields.get('lessons') ?? null;
  const written = created === null ? [] : writtenSteps(created);
  const toldInFull = new Set([rootCause, lessons, ...told.findings]);
  return {
    run: runId,
    title: created?.title ?? created?.playbook.title ?? runId,
    playbook: created?.playbook.name ?? '',
    environment: created?.environment ?? null,
    status: statusOf(state, moment),
    isOver: state.endedAt !== null,
    drill: created?.drill
      ? { scenario: created.drill.scenario, points: typeof points === 'number' ? points : null }
      : null,
    operator: created?.operator ?? '',
    inputs: Object.entries(created?.inputs ?? {}).map(([name, value]) => ({ name, value: shortValue(value) })),
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
    resolution: resolutionOf(state, toldInFull),
    notDone: notDoneOf(state),
    neverReached: bounded(neverReachedOf(state, written)),
    leftOut: leftOutOf(state),
    approvals: bounded(told.approvals),
    overLimits: bounded(told.overLimits),
    doubts: bounded(told.doubts),
    openOutcomes: bounded(openOutcomesOf(state)),
    stillInEffect: bounded(stillInEffectOf(state, written)),
    evidence: told.evidence.map((one) => evidenceFact(one, moment.digests ?? new Map())),
    givenOutputs: bounded(told.givenOutputs),
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
