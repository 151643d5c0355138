// The port to people: a terminal, a drill's scenario, or nobody. The executor asks; whoever implements this decides how.
import type { Json, JsonObject } from '../json.ts';
import type { ActionStep, ManualStep } from '../playbook/plan.ts';
import type { Actor, ErrorFact, EventData } from './events.ts';

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
  /** True where a later step reads its output: done by hand must give one. */
  readonly needsOutput: boolean;
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
    | { readonly kind: 'retry' | 'skip' | 'abort'; readonly actor: Actor; readonly reason: string }
    | { readonly kind: 'done'; readonly actor: Actor; readonly reason: string; readonly output?: Json }
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
};

/** The name in an actor: `person:ana` → `ana`. */
export function actorName(actor: Actor): string {
  const colon = actor.indexOf(':');
  return colon === -1 ? actor : actor.slice(colon + 1);
}
