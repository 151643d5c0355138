// Every fact a run can hold. A run is the list of these; nothing else is stored of it.
// Adding a field is a new version where old events cannot be read without it: raise it in EVENT_VERSIONS and write
// an upcaster (store/upcast.ts).

import type { ChangeResult, Target, Undo } from '../action.ts';
import type { Json, JsonObject } from '../json.ts';
import type { RunRules } from './rules.ts';

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

/** One that is protected, and by which rule. */
export interface RefusedTarget extends PlannedTarget {
  readonly error: string;
}

/** Why a step has no result. `timeout`: the group around it ran out of time; its turn comes again with the group's. */
export interface SkipReason {
  readonly kind: 'when' | 'person' | 'abort' | 'selection' | 'timeout';
  readonly text: string;
}

/**
 * Why an undo left a change. `not-checkable`: no reader could look whether it is still as it was left, and nobody confirmed
 * to restore it unseen. `unresolved`: its step's own undo reads what is not there. `protected`, `skipped`: the inverse
 * itself did not touch it.
 */
export type LeftWhy =
  | 'changed-since'
  | 'held-by-run'
  | 'gone'
  | 'no-inverse'
  | 'not-checkable'
  | 'unresolved'
  | 'protected'
  | 'skipped';

/** A change by its step and key. */
export interface ChangeRef {
  readonly step: string;
  readonly key: string;
}
export interface Inverse {
  /** Number of the undo. */
  readonly undo: number;
  readonly uses: string;
  readonly inputs: JsonObject;
  readonly covers: readonly ChangeRef[];
  /** The input that lists the targets' ids; absent: its inputs are about its targets as they stand. */
  readonly each?: string;
  /** Where the action leaves its target to the playbook. */
  readonly target?: { readonly kind: string; readonly id: string };
}

/** The role somebody approves in. */
export type RoleTaken = {
  readonly role?: string;
  /** The contacts that the run pinned, or a drill's scenario, say that they have it; else it is what they say of themselves. */
  readonly roleIsChecked?: boolean;
};

export type StepKind = 'uses' | 'manual' | 'group' | 'loop' | 'call';

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
    /** Playbooks that it calls, pinned with it: by name. */
    readonly calls?: {
      readonly [name: string]: { readonly file: string; readonly text: string; readonly digest: string };
    };
    /** Templates that its steps render, pinned with it: by name, the ending included. */
    readonly templates?: {
      readonly [name: string]: { readonly file: string; readonly text: string; readonly digest: string };
    };
    /** The contacts file's content, as expressions see it. */
    readonly contacts?: JsonObject;
    /** The environment of the config it runs in. */
    readonly environment?: string;
    /** Limits and protection as they were when it began: of these and the project's current ones the stricter hold. */
    readonly rules?: RunRules;
    /** What the operator left out on purpose: `--from`, `--only` (ids and tags). */
    readonly selection?: { readonly from?: string; readonly only?: readonly string[] };
    /** Ask before each step, whoever goes on with it. */
    readonly confirmEach?: true;
    /** Non-secret environment values the playbook names in `requires.env`. */
    readonly env: { readonly [name: string]: string };
    readonly engine: string;
    readonly drill?: {
      readonly scenario: string;
      readonly seed: number;
      readonly worldFile: string;
      readonly isUnattended: boolean;
      /** Whatever waits, waits so many times shorter; 1 if absent. */
      readonly speed?: number;
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
  'run.ended': {
    readonly outcome: 'done' | 'aborted';
    readonly outputs: JsonObject;
    /** By name, why an output could not be made. */
    readonly absent?: { readonly [output: string]: string };
  };

  /** The same run goes on with a changed playbook. `turns`: where each open group stands in the new one. */
  'run.adopted': {
    readonly playbook: EventData['run.created']['playbook'];
    readonly calls?: EventData['run.created']['calls'];
    readonly templates?: EventData['run.created']['templates'];
    readonly turns: readonly {
      readonly path: string;
      readonly next: number;
      readonly ahead: readonly number[];
    }[];
    /** Where steps that had their turn stand now, by path. */
    readonly indexes: { readonly [path: string]: number };
    readonly difference: readonly string[];
    /** Steps whose `approval` is another now: what was asked for or given there no longer holds. */
    readonly voided?: readonly string[];
    readonly reason: string;
    readonly by: string;
  };

  /** Its turn came and `when` holds. `index`: position among its siblings. */
  'step.opened': {
    readonly kind: StepKind;
    readonly index: number;
    readonly title: string;
    /** Loops: their list, evaluated once. */
    readonly items?: StoredOutput;
    readonly count?: number;
    /** Called playbooks: what they were given. */
    readonly inputs?: JsonObject;
    /** The run's root and called playbooks: computed once. */
    readonly vars?: JsonObject;
    /** Called playbooks with a `finally`: it runs when the rest has ended, however that ended. */
    readonly hasFinally?: true;
    /** Steps under `undo<n>`: the inverse action, its inputs, and the changes it takes back. */
    readonly inverse?: Inverse;
    /** What it changes is to last this long at most. */
    readonly temporaryMs?: number;
  };
  /** `index` is there where it was never opened. `needsOutput`: a later step reads it, so a person must give it. */
  'step.skipped': {
    readonly reason: SkipReason;
    readonly index?: number;
    readonly title?: string;
    readonly needsOutput?: true;
    readonly output?: StoredOutput;
  };
  'step.done': {
    readonly output?: StoredOutput;
    readonly durationMs: number;
    readonly by?: string;
    readonly note?: string;
    readonly needsOutput?: true;
  };
  /** The `finally` of a called playbook has run: the call ends as was said before. */
  'step.closed': { readonly durationMs: number };
  /** A person gave the output of a step that was skipped or done by hand. */
  'output.given': { readonly output: StoredOutput; readonly by: string };
  /** `onFailure`: what the playbook says of a failure here. `pause` leaves the step open to a person's decision. */
  'step.failed': {
    readonly error: ErrorFact;
    readonly onFailure: 'pause' | 'continue' | 'abort';
    readonly index?: number;
    readonly title?: string;
  };
  /** A person had a failed step run again, perhaps with other inputs in the place of those of its `with`. */
  'step.reopened': { readonly reason: string; readonly by: string; readonly inputs?: JsonObject };

  /** `inputs` are resolved and redacted; secrets stand as references. */
  'attempt.started': {
    readonly attempt: number;
    readonly round: number;
    readonly uses: string;
    readonly inputs: Json;
    readonly inputsDigest: string;
    readonly idempotent: boolean;
    /** SHA-256 of the action's source, where it is known. */
    readonly code?: string;
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
    readonly reason: 'operator' | 'approval' | 'limit' | 'in-doubt';
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
    /** Targets that will not be touched although the action asks for them: they are protected. */
    readonly refused?: readonly RefusedTarget[];
    /** Why the plan could not know them. */
    readonly planError?: string;
    readonly counts: readonly { readonly verb: string; readonly kind: string; readonly count: number }[];
    /**
     * What is asked is to go over limits: how many distinct targets of a kind the run would have touched then. The step's
     * own approval stays as it is.
     */
    readonly limits?: readonly { readonly kind: string; readonly limit: number; readonly count: number }[];
    /** What is asked is to go on with other code than the step began with: digests of the action's source. */
    readonly changedCode?: { readonly from: string; readonly to: string };
  };
  'approval.given': RoleTaken & { readonly request: number; readonly by: string; readonly note?: string };
  'approval.denied': RoleTaken & { readonly request: number; readonly by: string; readonly reason: string };
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
    /** Only where the call says so itself: may it be sent again where its answer was lost? */
    readonly idempotent?: boolean;
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

  /** Sent before, and nobody knows whether it happened; the action must not simply send it again. */
  'change.doubted': {
    readonly kind: string;
    readonly verb: string;
    readonly key?: string;
    readonly round: number;
    readonly ids: readonly string[];
  };
  /** What a person found out, or decided, about changes in doubt. */
  'doubt.resolved': {
    readonly kind: string;
    readonly verb: string;
    readonly key?: string;
    readonly round: number;
    readonly ids: readonly string[];
    readonly choice: 'done' | 'repeat' | 'skip';
    readonly reason: string;
    readonly by: string;
  };

  /** From here until `undo.ended` the run does nothing but take changes back. `steps`: of these only. */
  'undo.started': {
    readonly undo: number;
    readonly steps?: readonly string[];
    /** `temporary`: at the end of the run, what was to be for a time only. */
    readonly cause: 'operator' | 'temporary';
    /** Restore also what somebody changed since. */
    readonly overwrites: boolean;
    /** Restore also what no reader could look at first: a person was told which that is. */
    readonly unchecked?: true;
    readonly reason: string;
    readonly by: string;
  };
  /** Not taken back, and why; shown to people. */
  'undo.left': {
    readonly undo: number;
    readonly changes: readonly (ChangeRef & { readonly why: LeftWhy; readonly text: string })[];
  };
  'undo.ended': { readonly undo: number };
  /** A temporary change stays on purpose. */
  'temporary.kept': { readonly reason: string; readonly by: string };

  'step.progress': { readonly done: number; readonly total?: number; readonly unit?: string };
  'step.log': { readonly text: string };
  'timer.fired': { readonly timer: string };

  /** How far an action's reading has got: its next attempt with the same inputs goes on from there. */
  'step.checkpoint': { readonly cursor: Json };
  /**
   * A file that an action keeps; it takes the place of an earlier one of its step and name. `by`: the action. `undo`: kept
   * to take its changes back, evidence of nothing.
   */
  'artifact.kept': { readonly evidence: readonly BlobRef[]; readonly by: string; readonly purpose?: 'undo' };

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

  /**
   * Values were erased from an event before this one. Its own digest and hash still prove where it stands; what is left of
   * its data is checked against the newest of these that names it.
   */
  'event.redacted': {
    readonly seq: number;
    /** Where in its data. */
    readonly paths: readonly string[];
    readonly newSalt: string;
    readonly newDigest: string;
    readonly reason: string;
    readonly by: string;
  };
}

export type EventType = keyof EventData;

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
