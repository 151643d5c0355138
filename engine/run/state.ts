// What a run is, folded from its events. Data only; evolve.ts is the one writer.
import type { Outcome, Target, Undo } from '../action.ts';
import type { JsonObject } from '../json.ts';
import type { ErrorFact, EventData, SkipReason, StoredOutput } from './events.ts';

/**
 * Where a step stands. `open`: its turn, nothing under way (a manual step waits for its answer here). `attempting`:
 * its action runs. `retrying`, `polling`: waits for a timer. `stopped`: failed under `onFailure: pause`, a person
 * decides. The last three are final.
 */
export type StepPhase = 'open' | 'attempting' | 'retrying' | 'polling' | 'stopped' | 'done' | 'skipped' | 'failed';

export interface ApprovalState {
  /** Number of the newest request; 0 before the first. */
  request: number;
  pending: EventData['approval.requested'] | null;
  readonly votes: { readonly by: string; readonly role?: string }[];
  /** What holds now: the digest of the inputs and, where they were known, the targets. */
  granted: { readonly inputsDigest: string; readonly targets: ReadonlySet<string> | null } | null;
  /** True where what would be done is no longer covered: a new request is needed. */
  isVoided: boolean;
}

export interface StepState {
  readonly path: string;
  readonly kind: 'uses' | 'manual' | 'group';
  readonly title: string;
  phase: StepPhase;
  /** Attempts that count against `retry`; the one under way included. */
  attempt: number;
  /** Rounds of `until`, from 0. */
  round: number;
  /** Attempts ever started and times reopened: they make timer names that are never reused. */
  starts: number;
  reopens: number;
  /** False where evaluating its `when` failed: reopened, its turn comes again. */
  readonly isEntered: boolean;
  readonly index: number;
  jitter: number;
  timedOut: boolean;
  openedAt: string;
  endedAt?: string;
  durationMs?: number;
  output?: StoredOutput;
  error?: ErrorFact;
  skip?: SkipReason;
  by?: string;
  note?: string;
  approval?: ApprovalState;
  answer?: EventData['manual.answered'];
  progress?: EventData['step.progress'];
  lastLog?: string;
  /**
   * Groups only: every step before `next` has had its turn, and so have those whose index is in `ahead` (a parallel
   * group's turns may come out of order); `active` are those open.
   */
  next: number;
  readonly ahead: Set<number> | null;
  readonly active: Set<string> | null;
}

/** One effect on one target, as far as it is known. */
export interface Change {
  readonly key: string;
  readonly step: string;
  readonly kind: string;
  readonly id: string;
  readonly verb: string;
  readonly discriminator?: string;
  readonly round: number;
  readonly owner?: Target;
  readonly before?: JsonObject;
  readonly after?: JsonObject;
  readonly undo?: Undo;
  readonly seq: number;
  /** `intended`: durable, no outcome yet. */
  outcome: Outcome | 'intended';
  error?: string;
  detail?: JsonObject;
}

export interface RunState {
  /** Of the last folded event. 0: none. */
  seq: number;
  head: string;
  created: EventData['run.created'] | null;
  createdAt: string;
  lastAt: string;
  severity: string;
  /** Everybody who made or took up this run: none of them is the other person of an approval. */
  readonly operators: Set<string>;
  outcome: 'done' | 'aborted' | null;
  endedAt: string | null;
  outputs: JsonObject;
  abort: { readonly by: string; readonly reason: string } | null;
  readonly steps: Map<string, StepState>;
  /** The frontier: groups and steps that are open. decide looks at these alone. */
  readonly openGroups: Set<string>;
  readonly openSteps: Set<string>;
  /** Steps stopped under `onFailure: pause`; a subset of openSteps. */
  readonly stopped: Set<string>;
  /** Steps that failed under `onFailure: continue`. */
  readonly tolerated: Set<string>;
  readonly firedTimers: Set<string>;
  /** By step path, then by key. */
  readonly changes: Map<string, Map<string, Change>>;
  mitigatedAt: string | null;
  acknowledgedBy: string | null;
  score: JsonObject | null;
  /** Which outputs are kept in memory; null: all. */
  readonly keepsOutput: ((path: string) => boolean) | null;
}

export type RunStatus = 'running' | 'waiting' | 'failed' | 'done' | 'aborted';

export function initialState(options: { keepsOutput?: (path: string) => boolean } = {}): RunState {
  return {
    seq: 0,
    head: '0'.repeat(64),
    created: null,
    createdAt: '',
    lastAt: '',
    severity: '',
    operators: new Set(),
    outcome: null,
    endedAt: null,
    outputs: {},
    abort: null,
    steps: new Map(),
    openGroups: new Set(),
    openSteps: new Set(),
    stopped: new Set(),
    tolerated: new Set(),
    firedTimers: new Set(),
    changes: new Map(),
    mitigatedAt: null,
    acknowledgedBy: null,
    score: null,
    keepsOutput: options.keepsOutput ?? null,
  };
}

export function isFinal(phase: StepPhase): boolean {
  return phase === 'done' || phase === 'skipped' || phase === 'failed';
}

/** True where nothing but a person can move this step on. */
export function waitsForPerson(step: StepState): boolean {
  if (step.phase !== 'open') return step.phase === 'stopped';
  if (step.approval?.pending) return true;
  return step.kind === 'manual' && step.answer === undefined;
}

/** Costs the frontier, not the run. `failed` wins over `waiting`. */
export function runStatus(state: RunState): RunStatus {
  if (state.endedAt !== null && state.outcome !== null) return state.outcome;
  if (state.stopped.size > 0) return 'failed';
  let waiting = 0;
  for (const path of state.openSteps) {
    const step = state.steps.get(path);
    if (step && waitsForPerson(step)) waiting += 1;
  }
  return waiting > 0 && waiting === state.openSteps.size ? 'waiting' : 'running';
}

/** The identity of a change: a retry or a resume finds the same one, a later `until` round has its own. */
export function changeKey(parts: {
  kind: string;
  id: string;
  verb: string;
  key?: string | undefined;
  round: number;
}): string {
  return JSON.stringify([parts.kind, parts.id, parts.verb, parts.key ?? '', parts.round]);
}

/** How a target stands in an approved set. */
export function targetKey(target: { kind: string; id: string }): string {
  return JSON.stringify([target.kind, target.id]);
}
