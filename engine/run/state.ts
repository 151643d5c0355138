// What a run is, folded from its events. Data only; evolve.ts is the one writer.
import type { Outcome, Target, Undo } from '../action.ts';
import type { Json, JsonObject } from '../json.ts';
import type {
  BlobRef,
  ChangeRef,
  ErrorFact,
  EventData,
  Inverse,
  LeftWhy,
  RoleTaken,
  SkipReason,
  StepKind,
  StoredOutput,
} from './events.ts';

/**
 * Where a step stands. `open`: its turn, nothing under way (a manual step waits for its answer here). `attempting`:
 * its action runs. `retrying`, `polling`: waits for a timer. `stopped`: failed under `onFailure: pause`, a person
 * decides. `wanting`: a person ended it, and a later step needs the output it would have had. `closing`: a called
 * playbook whose end is known and whose `finally` runs. The last three are final.
 */
export type StepPhase =
  | 'open'
  | 'attempting'
  | 'retrying'
  | 'polling'
  | 'stopped'
  | 'wanting'
  | 'closing'
  | 'done'
  | 'skipped'
  | 'failed';

/** Changes nobody knows the outcome of, put before a person. */
export type Doubt = EventData['change.doubted'];

export interface ApprovalState {
  /** Number of the newest request; 0 before the first. */
  request: number;
  pending: EventData['approval.requested'] | null;
  readonly votes: ({ readonly by: string } & RoleTaken)[];
  /** What holds now: the digest of the inputs and, where they were known, the targets. */
  granted: { readonly inputsDigest: string; readonly targets: ReadonlySet<string> | null } | null;
  /** True where what would be done is no longer covered: a new request is needed. */
  isVoided: boolean;
}

export interface StepState {
  readonly path: string;
  readonly kind: StepKind;
  readonly title: string;
  /** Of the event that opened it: tells its timers from those of an earlier turn. */
  readonly openedSeq: number;
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
  /** Position among its siblings; a changed playbook that is adopted may move it. */
  index: number;
  jitter: number;
  timedOut: boolean;
  openedAt: string;
  /** When it stopped for a person to decide; gone once it goes on. */
  stoppedAt?: string;
  endedAt?: string;
  durationMs?: number;
  output?: StoredOutput;
  error?: ErrorFact;
  skip?: SkipReason;
  by?: string;
  note?: string;
  approval?: ApprovalState;
  answer?: EventData['manual.answered'];
  /** While it is `wanting` or `closing`: how it ends. */
  end?: 'done' | 'skipped' | 'failed';
  hasFinally?: boolean;
  /** Steps of an undo. */
  inverse?: Inverse;
  /** What it changed is to last this long at most, from its end on. */
  temporaryMs?: number;
  /** That time is over. */
  isDue?: boolean;
  /** Containers: something inside was cut short since time ran out, so it is not complete although all has ended. */
  wasCut: boolean;
  /** Inputs a person put in the place of its own when it was run again, and how often somebody did. */
  editedInputs?: JsonObject;
  edits?: number;
  /** How often what it changed was taken back and it was run again since. */
  redos?: number;
  /** Not empty: the step waits for a person to say what became of these. */
  doubts: readonly Doubt[];
  /** Loops: their list and how long it is. */
  items?: StoredOutput;
  count?: number;
  /** Action steps under way: what the last attempt was given, redacted, secrets as references. */
  lastInputs?: Json;
  /** Of these inputs, and how far the action got with them, where it said so. */
  lastInputsDigest?: string;
  checkpoint?: Json;
  /** Digest of the action's source that its attempts ran, or that a person accepted since. */
  code?: string;
  /** Called playbooks, and the run's root: what expressions inside see. */
  inputs?: JsonObject;
  vars?: JsonObject;
  progress?: EventData['step.progress'];
  lastLog?: string;
  /**
   * Groups, loops and calls: every step before `next` has had its turn, and so have those whose index is in `ahead` (a parallel
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
  /** ISO 8601; when its first intent was written, or its outcome where none came first. */
  readonly intendedAt?: string;
  /** Edits of the step's inputs before its newest intent. */
  readonly edits?: number;
  /** What its call says, where it says so: may it be sent again where its answer was lost? */
  readonly idempotent?: boolean;
  /** Key of the change of the same name that this one came after: done, and to another state. */
  readonly replaces?: string;
  /** True where a later change of the same name came after it. */
  isReplaced?: boolean;
  /** A person said that it may be sent again, although nobody knows whether it happened. */
  mayRepeat?: boolean;
  /** `intended`: durable, no outcome yet. */
  outcome: Outcome | 'intended';
  error?: string;
  detail?: JsonObject;
  /** Number of the undo that took it back: it may be done again. */
  undone?: number;
  /** Why an undo left it as it is. */
  left?: string;
  leftWhy?: LeftWhy;
  /** True where there is nothing to take back any more: it no longer stands as we made it. */
  isGone?: boolean;
}

/** Changes being taken back. */
export interface UndoState {
  readonly undo: number;
  readonly steps: ReadonlySet<string> | null;
  readonly cause: 'operator' | 'temporary';
  readonly overwrites: boolean;
  /** Restores also what no reader can look at first. */
  readonly isUnchecked: boolean;
  readonly by: string;
  /** By target: what the batch under way takes back. */
  readonly underWay: Map<string, ChangeRef[]>;
  /** By step and key: dealt with by a batch or left, so that each is looked at once. */
  readonly handled: Map<string, Set<string>>;
  /** Batches opened so far. */
  batches: number;
}

/** A request to end before the end. */
export interface Abort {
  readonly by: string;
  readonly reason: string;
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
  abort: Abort | null;
  /** By path: requests made while a `finally` was under way give up what is left of it. */
  readonly finallyAborts: Map<string, Abort>;
  readonly steps: Map<string, StepState>;
  /** The frontier: groups and steps that are open. decide looks at these alone. */
  readonly openGroups: Set<string>;
  readonly openSteps: Set<string>;
  /** Steps stopped under `onFailure: pause`; a subset of openSteps. */
  readonly stopped: Set<string>;
  /** Groups and calls that ran out of time and have not ended yet. */
  readonly timedOut: Set<string>;
  /**
   * Called playbooks that a time-out around them cut short before their `finally`: it runs when it is decided that what ran
   * out of time does not go on.
   */
  readonly owed: Set<string>;
  /** By kind of target: how many distinct ones people approved for the run, where the playbook's limit is lower. */
  readonly allowances: Map<string, number>;
  /** Steps that failed under `onFailure: continue`. */
  readonly tolerated: Set<string>;
  readonly firedTimers: Set<string>;
  /** Files that actions keep: by step path, then by name. */
  readonly artifacts: Map<string, Map<string, BlobRef>>;
  /** By step path, then by key. */
  readonly changes: Map<string, Map<string, Change>>;
  /** The undo under way. */
  undo: UndoState | null;
  /** Undos ever started. */
  undos: number;
  /** Steps that have ended and whose changes are to last for a time only. */
  readonly temporary: Set<string>;
  /** Of these, those that stay on purpose. */
  readonly kept: Map<string, { readonly by: string; readonly reason: string }>;
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
    finallyAborts: new Map(),
    owed: new Set(),
    steps: new Map(),
    openGroups: new Set(),
    openSteps: new Set(),
    stopped: new Set(),
    timedOut: new Set(),
    allowances: new Map(),
    tolerated: new Set(),
    firedTimers: new Set(),
    artifacts: new Map(),
    changes: new Map(),
    undo: null,
    undos: 0,
    temporary: new Set(),
    kept: new Map(),
    mitigatedAt: null,
    acknowledgedBy: null,
    score: null,
    keepsOutput: options.keepsOutput ?? null,
  };
}

export function isFinal(phase: StepPhase): boolean {
  return phase === 'done' || phase === 'skipped' || phase === 'failed';
}

/** Steps that hold others. */
export function isContainer(kind: StepKind): boolean {
  return kind === 'group' || kind === 'loop' || kind === 'call';
}

/** True where a person must say what became of its changes before anything else is done about it. */
export function isInDoubt(step: StepState): boolean {
  return step.doubts.length > 0 && (step.phase === 'open' || step.phase === 'retrying' || step.phase === 'polling');
}

/** From when on the time of a temporary change counts; undefined while its step is at work. */
export function lastsSince(step: StepState): string | undefined {
  return step.endedAt ?? step.stoppedAt;
}

/** True where nothing but a person can move this step on. */
export function waitsForPerson(step: StepState): boolean {
  if (isInDoubt(step)) return true;
  if (step.phase !== 'open') return step.phase === 'stopped' || step.phase === 'wanting';
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
