// The port to people: a terminal, a drill's scenario, or nobody. The executor asks; whoever implements this decides how.
import type { Json, JsonObject, Schema } from '../json.ts';
import type { ActionStep, ManualStep } from '../playbook/plan.ts';
import type { Actor, ErrorFact, EventData } from './events.ts';
import type { Change, Doubt } from './state.ts';

export interface ManualRequest {
  readonly step: ManualStep;
  readonly path: string;
  /** The step's text, resolved. */
  readonly text: string;
  /** Defaults of its fields, resolved. */
  readonly defaults: JsonObject;
  /** Checks given fields: the typed values, or what is wrong, a line a field. */
  check(fields: JsonObject): { readonly fields: JsonObject } | { readonly problems: readonly string[] };
}
export interface ApprovalRequest {
  readonly step: ActionStep | ManualStep;
  readonly path: string;
  readonly request: EventData['approval.requested'];
}
export interface FailureRequest {
  readonly path: string;
  readonly title: string;
  readonly error: ErrorFact;
  /** True where a later step reads its output: whoever skips it or does it by hand must give one. */
  readonly needsOutput: boolean;
  /** What its output must fit. */
  readonly output?: Schema;
  /** Action steps: what the last attempt was given, secrets as references, and what the action takes; for editing. */
  readonly inputs?: { readonly value: Json; readonly schema: Schema };
  /** True for the run itself, out of time: it can be gone on with or aborted, neither skipped nor done by hand. */
  readonly isRun?: boolean;
}
/** A step that a person ended, whose output a later step reads. */
export interface OutputRequest {
  readonly path: string;
  readonly title: string;
  readonly schema: Schema;
  /** What is wrong with a value, a line a problem; empty: it fits. */
  check(output: Json): readonly string[];
}
/** Changes that were sent and never answered, of an action that must not simply send them again. */
export interface DoubtRequest {
  readonly path: string;
  readonly title: string;
  readonly doubt: Doubt;
  /** What the ledger knows of each. */
  readonly changes: readonly Change[];
}
/** A value that is never stored, and that this process does not have. */
export interface SecretRequest {
  readonly path: string;
  /** As the playbook names it: `inputs.token`. */
  readonly name: string;
  readonly description?: string;
}
/** The run is ending, and these changes were to be for a time only. */
export interface TemporaryRequest {
  readonly path: string;
  readonly title: string;
  readonly changes: readonly Change[];
}
export interface ConfirmRequest {
  readonly path: string;
  readonly title: string;
}

/**
 * `later`: nobody here answers. The run goes on with what else there is, then waits for another process (or pauses).
 * Every method is given a signal that aborts when the question is no longer open (answered elsewhere, run stopping).
 */
export interface People {
  manual(
    request: ManualRequest,
    signal: AbortSignal,
  ): Promise<
    | {
        readonly kind: 'answered';
        readonly actor: Actor;
        readonly fields: JsonObject;
        readonly note?: string;
        readonly evidence?: readonly EvidenceFile[];
      }
    | { readonly kind: 'skip'; readonly actor: Actor; readonly reason: string }
    | { readonly kind: 'fail'; readonly actor: Actor; readonly reason: string }
    | { readonly kind: 'later' }
  >;
  approval(
    request: ApprovalRequest,
    signal: AbortSignal,
  ): Promise<
    | { readonly kind: 'given'; readonly actor: Actor; readonly role?: string; readonly note?: string }
    | { readonly kind: 'denied'; readonly actor: Actor; readonly role?: string; readonly reason: string }
    | { readonly kind: 'later' }
  >;
  failure(
    request: FailureRequest,
    signal: AbortSignal,
  ): Promise<
    | { readonly kind: 'retry'; readonly actor: Actor; readonly reason: string; readonly inputs?: JsonObject }
    | { readonly kind: 'skip' | 'abort'; readonly actor: Actor; readonly reason: string }
    | { readonly kind: 'done'; readonly actor: Actor; readonly reason: string; readonly output?: Json }
    | { readonly kind: 'later' }
  >;
  output(
    request: OutputRequest,
    signal: AbortSignal,
  ): Promise<{ readonly kind: 'given'; readonly actor: Actor; readonly output: Json } | { readonly kind: 'later' }>;
  doubt(
    request: DoubtRequest,
    signal: AbortSignal,
  ): Promise<
    | {
        readonly kind: 'done' | 'repeat' | 'skip';
        readonly actor: Actor;
        readonly reason: string;
        /** Of these only; absent: of all. */
        readonly ids?: readonly string[];
      }
    | { readonly kind: 'later' }
  >;
  secret(
    request: SecretRequest,
    signal: AbortSignal,
  ): Promise<{ readonly kind: 'given'; readonly value: string } | { readonly kind: 'later' }>;
  /**
   * `later`, or nobody: it is taken back, where nothing stands in the way. `anyway`: also what another run holds, what
   * somebody changed since and what cannot be looked at first; the person was told.
   */
  temporary(
    request: TemporaryRequest,
    signal: AbortSignal,
  ): Promise<
    | { readonly kind: 'undo'; readonly actor: Actor; readonly anyway?: true }
    | { readonly kind: 'keep'; readonly actor: Actor; readonly reason: string }
    | { readonly kind: 'later' }
  >;
  /** Asked before each step where the operator wants to confirm each. */
  confirm(
    request: ConfirmRequest,
    signal: AbortSignal,
  ): Promise<
    | { readonly kind: 'go'; readonly actor: Actor }
    | { readonly kind: 'skip'; readonly actor: Actor; readonly reason: string }
    | { readonly kind: 'later' }
  >;
}

export interface EvidenceFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly mediaType: string;
}

/** Nobody there: a run without a terminal. */
export const nobody: People = {
  manual: async () => ({ kind: 'later' }),
  approval: async () => ({ kind: 'later' }),
  failure: async () => ({ kind: 'later' }),
  output: async () => ({ kind: 'later' }),
  doubt: async () => ({ kind: 'later' }),
  secret: async () => ({ kind: 'later' }),
  temporary: async () => ({ kind: 'later' }),
  confirm: async () => ({ kind: 'later' }),
};

/** The name in an actor: `person:ana` → `ana`. */
export function actorName(actor: Actor): string {
  const colon = actor.indexOf(':');
  return colon === -1 ? actor : actor.slice(colon + 1);
}
