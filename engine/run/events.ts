// Every fact a run can hold. A run is the list of these; nothing else is stored of it.
// Adding a field is a new version where old events cannot be read without it: raise it in EVENT_VERSIONS and write
// an upcaster (store/upcast.ts).

import type { ChangeResult, Target, Undo } from '../action.ts';
import type { Json, JsonObject } from '../json.ts';

/** Who caused it: the engine itself, a person, or a drill's scenario playing a person. */
export type Actor = 'engine' | `person:${string}` | `scenario:${string}`;

/** An error as the journal keeps it. `code` is stable; no stack. */
export interface ErrorFact {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
}

/** A value that lies in the store's blobs since it is over 64 KB or a file. */
export interface BlobRef {
  readonly blob: string;
  readonly sizeBytes: number;
  readonly mediaType: string;
  readonly name?: string;
}

/** How an output stands in an event: itself, or a reference to its blob. */
export type StoredOutput = { readonly value: Json } | { readonly ref: BlobRef };

export interface PlannedTarget extends Pick<Target, 'kind' | 'id' | 'owner'> {
  readonly verb: string;
}

/** Why a step has no result. */
export interface SkipReason {
  readonly kind: 'when' | 'person' | 'abort' | 'selection';
  readonly text: string;
}

export interface EventData {
  'run.created': {
    readonly playbook: {
      readonly name: string;
      readonly title: string;
      readonly severity: string;
      readonly category: string;
      readonly file: string;
      readonly text: string;
      readonly digest: string;
    };
    readonly title?: string;
    readonly detectedAt?: string;
    readonly operator: string;
    readonly inputs: JsonObject;
    /** Non-secret environment values the playbook names in `requires.env`. */
    readonly env: { readonly [name: string]: string };
    readonly engine: string;
    readonly drill?: {
      readonly scenario: string;
      readonly seed: number;
      readonly worldFile: string;
      readonly isUnattended: boolean;
    };
  };
  /** A process took the run up: at its start and at every resume. */
  'run.attached': {
    readonly host: string;
    readonly pid: number;
    readonly engine: string;
    readonly operator: string;
  };
  /** The process let go of it; the run is open. */
  'run.paused': { readonly reason: 'waiting' | 'failed' | 'operator'; readonly waitsFor: readonly string[] };
  'run.ending': { readonly outcome: 'done' | 'aborted'; readonly reason?: string };
  'run.ended': { readonly outcome: 'done' | 'aborted'; readonly outputs: JsonObject };

  /** Its turn came and `when` holds. `index`: position among its siblings. */
  'step.opened': { readonly kind: 'uses' | 'manual' | 'group'; readonly index: number; readonly title: string };
  /** `index` is there where it was never opened. */
  'step.skipped': { readonly reason: SkipReason; readonly index?: number; readonly title?: string };
  'step.done': {
    readonly output?: StoredOutput;
    readonly durationMs: number;
    readonly by?: string;
    readonly note?: string;
  };
  /** `onFailure`: what the playbook says of a failure here. `pause` leaves the step open to a person's decision. */
  'step.failed': {
    readonly error: ErrorFact;
    readonly onFailure: 'pause' | 'continue' | 'abort';
    readonly index?: number;
    readonly title?: string;
  };
  /** A person had a failed step run again. */
  'step.reopened': { readonly reason: string; readonly by: string };

  /** `inputs` are resolved and redacted; secrets stand as references. */
  'attempt.started': {
    readonly attempt: number;
    readonly round: number;
    readonly uses: string;
    readonly inputs: Json;
    readonly inputsDigest: string;
    readonly idempotent: boolean;
  };
  /** `jitter` in [0,1): drawn by the shell, so that decide stays deterministic. */
  'attempt.failed': {
    readonly attempt: number;
    readonly error: ErrorFact;
    readonly isPermanent: boolean;
    readonly jitter: number;
    readonly durationMs: number;
  };
  /** Cut short with nothing wrong (pause, a person must decide): uses up no retry. */
  'attempt.interrupted': {
    readonly attempt: number;
    readonly reason: 'operator' | 'approval';
    readonly message: string;
    readonly durationMs: number;
  };
  /** `until` did not hold yet. */
  'attempt.polled': {
    readonly attempt: number;
    readonly round: number;
    readonly output: StoredOutput;
    readonly durationMs: number;
  };

  'approval.requested': {
    readonly request: number;
    readonly uses: string;
    readonly inputs: Json;
    readonly inputsDigest: string;
    /** People needed besides the operator; 0: the operator's own confirmation. */
    readonly by: number;
    readonly role?: string;
    readonly reason?: string;
    /** Absent where the plan cannot know the targets: the approval then binds to action and inputs alone. */
    readonly targets?: readonly PlannedTarget[];
    readonly targetsDigest?: string;
    /** Why the plan could not know them. */
    readonly planError?: string;
    readonly counts: readonly { readonly verb: string; readonly kind: string; readonly count: number }[];
  };
  'approval.given': { readonly request: number; readonly by: string; readonly role?: string; readonly note?: string };
  'approval.denied': { readonly request: number; readonly by: string; readonly role?: string; readonly reason: string };
  /** What was approved is no longer what would be done. */
  /** `all`: other inputs, ask anew. `additional`: only targets outside the approved set are to be asked for. */
  'approval.voided': { readonly request: number; readonly scope: 'all' | 'additional'; readonly reason: string };

  /** Durable before the effect. One event a window of targets. */
  'change.intended': {
    readonly attempt: number;
    readonly kind: string;
    readonly verb: string;
    readonly key?: string;
    readonly round: number;
    readonly after: JsonObject;
    readonly undo?: Undo;
    readonly targets: readonly { readonly id: string; readonly owner?: Target; readonly before?: JsonObject }[];
  };
  'change.settled': {
    readonly kind: string;
    readonly verb: string;
    readonly key?: string;
    readonly round: number;
    /** `before` and `owner` only where no intent came first (already, protected). */
    readonly results: readonly Pick<ChangeResult, 'id' | 'outcome' | 'error' | 'detail' | 'before' | 'owner'>[];
  };

  'step.progress': { readonly done: number; readonly total?: number; readonly unit?: string };
  'step.log': { readonly text: string };
  'timer.fired': { readonly timer: string };

  /** What people say; may be appended without the lease. */
  'manual.answered': {
    readonly fields: JsonObject;
    readonly note?: string;
    readonly evidence: readonly BlobRef[];
    readonly by: string;
  };
  'note.added': {
    readonly text: string;
    readonly kind: 'note' | 'action-item' | 'finding';
    readonly owner?: string;
    readonly by: string;
  };
  'abort.requested': { readonly reason: string; readonly by: string };
  'run.acknowledged': { readonly by: string };
  'run.mitigated': { readonly by: string; readonly text?: string };
  'severity.changed': { readonly severity: string; readonly by: string; readonly reason?: string };
  'impact.stated': { readonly users: number; readonly text?: string; readonly by: string };
  'cause.stated': { readonly text: string; readonly by: string };

  'drill.scored': { readonly score: JsonObject };
}

export type EventType = keyof EventData;

export const EVENT_VERSIONS: { readonly [T in EventType]: number } = {
  'run.created': 1,
  'run.attached': 1,
  'run.paused': 1,
  'run.ending': 1,
  'run.ended': 1,
  'step.opened': 1,
  'step.skipped': 1,
  'step.done': 1,
  'step.failed': 1,
  'step.reopened': 1,
  'attempt.started': 1,
  'attempt.failed': 1,
  'attempt.interrupted': 1,
  'attempt.polled': 1,
  'approval.requested': 1,
  'approval.given': 1,
  'approval.denied': 1,
  'approval.voided': 1,
  'change.intended': 1,
  'change.settled': 1,
  'step.progress': 1,
  'step.log': 1,
  'timer.fired': 1,
  'manual.answered': 1,
  'note.added': 1,
  'abort.requested': 1,
  'run.acknowledged': 1,
  'run.mitigated': 1,
  'severity.changed': 1,
  'impact.stated': 1,
  'cause.stated': 1,
  'drill.scored': 1,
};

/** Events that may be appended without holding the run's lease: what people say. */
export const PEOPLE_EVENTS: ReadonlySet<EventType> = new Set<EventType>([
  'manual.answered',
  'approval.given',
  'approval.denied',
  'note.added',
  'abort.requested',
  'run.acknowledged',
  'run.mitigated',
  'severity.changed',
  'impact.stated',
  'cause.stated',
]);

/**
 * Events that nobody is told of and that precede no effect: their commit survives a kill of the process at once and a
 * power cut with the next commit, in order. A resume makes again what a power cut took. All others wait for the disk.
 */
export const RELAXED_EVENTS: ReadonlySet<EventType> = new Set<EventType>([
  'step.opened',
  'attempt.started',
  'attempt.interrupted',
  'attempt.polled',
  'approval.voided',
  'step.progress',
  'step.log',
  'timer.fired',
]);

/** An event before the store gave it its place. */
export type Draft<T extends EventType = EventType> = {
  [K in T]: { readonly type: K; readonly actor: Actor; readonly step?: string; readonly data: EventData[K] };
}[T];

/** An event with its place in the chain. `at`: ISO 8601, UTC, milliseconds, the store's clock. */
export type RunEvent<T extends EventType = EventType> = {
  [K in T]: {
    readonly seq: number;
    readonly at: string;
    readonly type: K;
    readonly v: number;
    readonly actor: Actor;
    readonly step?: string;
    readonly data: EventData[K];
    readonly hash: string;
  };
}[T];
