// The ledger as ctx.changes sees it, and the few words all its parts share.
import type { ChangesSpec, DescribedTargets, Target, TargetAnswer } from '../action.ts';
import { isJsonObject, type Json, type JsonObject, jsonEquals } from '../json.ts';
import { isRedactionMarker } from '../redact.ts';
import { changeKey } from './change-views.ts';
import type { EventData, PlannedTarget } from './events.ts';
import type { CountAgainstLimits } from './limits.ts';
import { mayRepeatUnasked } from './open-outcomes.ts';
import type { Verdicts } from './protection.ts';
import type { Change } from './state.ts';

export type SpecTarget = Omit<Target, 'kind'>;

/** What a step's changes are written to and judged by. */
export interface LedgerPort {
  /** By change key: this step's changes so far. */
  readonly changes: ReadonlyMap<string, Change>;
  readonly attempt: number;
  /** The `until` round: each has changes of its own. */
  readonly round: number;
  readonly isPlanning: boolean;
  /** Edits of the step's inputs so far: what was done before the last one was done for other inputs. */
  readonly edits: number;
  /** May an effect whose answer was lost be sent again, where the call does not say so itself? */
  readonly isIdempotent: boolean;
  /** Of the changes of this attempt: may they be sent again? By key. */
  readonly repeatable: Map<string, boolean>;
  /** Of the changes that came one after the other on one target: `seq` of the one this attempt met last. By key. */
  readonly met: Map<string, number>;
  /** Keys of the changes under way in this attempt: nobody else takes them up meanwhile. */
  readonly underWay: Set<string>;
  /** True where the journal would not keep this text as it is: a change must not be known by it. */
  isRedacted(text: string): boolean;
  /** Durable when it resolves. */
  intend(data: EventData['change.intended']): Promise<void>;
  /** Durable when it resolves. */
  settle(data: EventData['change.settled']): Promise<void>;
  /** The family's reader, cached for this attempt until an effect of ours touches a target. Kinds it cannot read are absent. */
  describe(kind: string, ids: readonly string[]): Promise<DescribedTargets>;
  /** The same past the cache: what became of an effect is not told by what was read before. */
  reread(kind: string, ids: readonly string[]): Promise<DescribedTargets>;
  /** Which of these must not be touched, and why. */
  judge(targets: readonly Target[]): Promise<Verdicts>;
  /** Counts these against the run's limits. @throws OverLimit @returns ends what it reserved. */
  readonly count: CountAgainstLimits;
  /** Must the owners of this kind's targets be known, for the limits of other kinds? */
  wantsOwners(kind: string): boolean;
  /** Tells a plan of targets that will be worked through. */
  expected(targets: readonly PlannedTarget[]): void;
  /** @throws Paused where these are not all covered by what was approved. */
  authorize(targets: readonly (Target & { readonly verb?: string })[]): void;
  /** Runs a callback with the gate open for changes. @throws E_LEASE_LOST before it runs. */
  perform<T>(work: () => Promise<T>): Promise<T>;
  /** Aborted by the operator, an abort or anything harder: no new batch starts. */
  readonly stop: AbortSignal;
  /** Aborted only where an effect in flight must be cut off (time-out, lost lease): what is in flight settles else. */
  readonly cut: AbortSignal;
}

export type Perform = (
  chunk: readonly SpecTarget[],
  signal: AbortSignal,
) => Promise<ReadonlyMap<string, TargetAnswer> | undefined>;

/** A target to be sent, with the state it had before us. */
export interface Todo {
  readonly target: SpecTarget;
  readonly before: JsonObject | undefined;
  /** True where an earlier attempt may have sent it: that this one did not, or was refused, says nothing of that. */
  readonly wasSent: boolean;
}

export function head(
  ledger: LedgerPort,
  spec: ChangesSpec,
): { kind: string; verb: string; key?: string; round: number } {
  return {
    kind: spec.kind,
    verb: spec.verb,
    round: ledger.round,
    ...(spec.key === undefined ? {} : { key: spec.key }),
  };
}

export function keyOf(ledger: LedgerPort, spec: Pick<ChangesSpec, 'kind' | 'verb' | 'key'>, id: string): string {
  return changeKey({ kind: spec.kind, id, verb: spec.verb, key: spec.key, round: ledger.round });
}

/** May it be sent again where its answer was lost? `known`: what an earlier attempt, or a person, said of it. */
export function isRepeatable(
  ledger: LedgerPort,
  spec: Pick<ChangesSpec, 'idempotent'>,
  known?: Pick<Change, 'idempotent' | 'mayRepeat'>,
): boolean {
  if (spec.idempotent !== undefined) return known?.mayRepeat === true || spec.idempotent;
  return mayRepeatUnasked(known, ledger.isIdempotent);
}

/** Sent by an earlier attempt perhaps, and nobody knows what came of it. */
export function isUnsettled({ outcome }: Pick<Change, 'outcome'>): boolean {
  return outcome === 'intended' || outcome === 'unknown';
}

/**
 * Is what this call wants what was recorded? Another state is another change. A change that had no intent has no state. Where
 * the journal hides a value that a secret is in, two of them cannot be told apart.
 */
export function wantsSame(ledger: LedgerPort, known: Change, { after }: Pick<ChangesSpec, 'after'>): boolean {
  return known.after === undefined || isSame(ledger, known.after, after);
}

function isSame(ledger: LedgerPort, known: Json | undefined, wanted: Json | undefined): boolean {
  if (typeof known === 'string' && typeof wanted === 'string')
    return known === wanted || (isRedactionMarker(known) && ledger.isRedacted(wanted));
  if (Array.isArray(known) && Array.isArray(wanted))
    return known.length === wanted.length && known.every((item, index) => isSame(ledger, item, wanted[index]));
  if (isJsonObject(known) && isJsonObject(wanted)) {
    const names = Object.keys(known);
    return (
      names.length === Object.keys(wanted).length && names.every((name) => isSame(ledger, known[name], wanted[name]))
    );
  }
  return jsonEquals(known, wanted);
}

/** Who a target belongs to, without what an action has read of them: that is for judging, not for the journal. */
export function ownerOf({ owner }: Pick<Target, 'owner'>): { readonly owner?: Target } {
  if (owner === undefined) return {};
  return { owner: { kind: owner.kind, id: owner.id, ...ownerOf(owner) } };
}

/** As the journal will give it back: what is no JSON must not cost an outcome later. */
export function asJson<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}
