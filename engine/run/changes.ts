// ctx.change and ctx.changes: the one seam through which effects leave. Durable intent, effect, durable outcome, in
// batches; what an earlier attempt recorded is not sent again.

import type { ChangeResult, ChangesSpec, Target, TargetAnswer } from '../action.ts';
import { ChangeRefused, Paused, PermanentFailure } from '../action.ts';
import { messageOf, RunbookError } from '../errors.ts';
import { holdsFields, type JsonObject } from '../json.ts';
import type { EventData } from './events.ts';
import { type Change, changeKey } from './state.ts';

/** Targets in one durable intent where a repeat does no harm. Source: design, "resume". */
const WINDOW = 500;
const MAX_BATCH = 500;
const MAX_CONCURRENCY = 64;

type SpecTarget = Omit<Target, 'kind'>;
type Described = ReadonlyMap<string, { readonly attributes: JsonObject; readonly state: JsonObject } | null>;

/** What a step's changes are written to and judged by. */
export interface LedgerPort {
  /** By change key: this step's changes so far. */
  readonly changes: ReadonlyMap<string, Change>;
  readonly attempt: number;
  /** The `until` round: each has changes of its own. */
  readonly round: number;
  readonly isPlanning: boolean;
  /** May an effect whose answer was lost be sent again? */
  readonly isIdempotent: boolean;
  /** Durable when it resolves. */
  intend(data: EventData['change.intended']): Promise<void>;
  /** Durable when it resolves. */
  settle(data: EventData['change.settled']): Promise<void>;
  /** The family's reader, cached for this attempt. Kinds it cannot read are absent. */
  describe(kind: string, ids: readonly string[]): Promise<Described>;
  /** @throws Paused where these are not all covered by what was approved. */
  authorize(targets: readonly Target[]): void;
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

interface Todo {
  readonly target: SpecTarget;
  readonly before: JsonObject | undefined;
}

/**
 * @returns one result a target in the order given, then those an earlier attempt left without an outcome.
 * @throws Paused; the reason of `stop` once what was in flight is recorded; PermanentFailure of a callback.
 */
export async function performChanges(
  ledger: LedgerPort,
  spec: ChangesSpec,
  perform: Perform,
): Promise<readonly ChangeResult[]> {
  checkSpec(spec);
  ledger.stop.throwIfAborted();
  const targets = withLeftovers(ledger, spec);
  const todo = await classify(ledger, spec, targets);
  if (todo.length > 0) {
    if (ledger.isPlanning) {
      await ledger.settle({ ...head(ledger, spec), results: todo.map((item) => plannedResult(item)) });
    } else {
      ledger.authorize(todo.map(({ target }) => ({ ...target, kind: spec.kind })));
      await performInBatches(ledger, spec, todo, perform);
    }
  }
  return targets.map((target) => resultOf(ledger.changes.get(keyOf(ledger, spec, target.id)), spec, target));
}

function checkSpec(spec: ChangesSpec): void {
  const { batch = 1, concurrency = 1 } = spec;
  if (!Number.isInteger(batch) || batch < 1 || batch > MAX_BATCH) {
    throw new RunbookError({
      code: 'E_ACTION_BATCH',
      message: `ctx.changes: batch must be 1..${MAX_BATCH}, not ${batch}`,
    });
  }
  if (!Number.isInteger(concurrency) || concurrency < 1 || concurrency > MAX_CONCURRENCY) {
    throw new RunbookError({
      code: 'E_ACTION_CONCURRENCY',
      message: `ctx.changes: concurrency must be 1..${MAX_CONCURRENCY}, not ${concurrency}`,
    });
  }
}

/** Targets once each, and the intents without an outcome that the action did not list again: they are never dropped. */
function withLeftovers(ledger: LedgerPort, spec: ChangesSpec): readonly SpecTarget[] {
  const byId = new Map<string, SpecTarget>();
  for (const target of spec.targets) if (!byId.has(target.id)) byId.set(target.id, target);
  for (const change of ledger.changes.values()) {
    const isSame = change.kind === spec.kind && change.verb === spec.verb && change.discriminator === spec.key;
    const isUnsettled = change.outcome === 'intended' || change.outcome === 'unknown';
    if (isSame && change.round === ledger.round && isUnsettled && !byId.has(change.id)) {
      byId.set(change.id, { id: change.id, ...(change.owner ? { owner: change.owner } : {}) });
    }
  }
  return [...byId.values()];
}

/** Sorts out what needs no call, records it, and returns the rest with the state each had before us. */
async function classify(ledger: LedgerPort, spec: ChangesSpec, targets: readonly SpecTarget[]): Promise<Todo[]> {
  const fresh: SpecTarget[] = [];
  const todo: Todo[] = [];
  const doubtful: string[] = [];
  for (const target of targets) {
    const known = ledger.changes.get(keyOf(ledger, spec, target.id));
    if (!known) fresh.push(target);
    else if (known.outcome === 'failed') todo.push({ target, before: known.before });
    else if (known.outcome === 'intended' || known.outcome === 'unknown') {
      // After a crash the earlier state comes from the intent: a new read might show our own effect.
      if (ledger.isIdempotent) todo.push({ target, before: known.before });
      else doubtful.push(target.id);
    }
  }
  if (doubtful.length > 0) throw new Paused('in-doubt', inDoubtMessage(spec, doubtful));
  const unread = fresh.filter((target) => target.before === undefined).map((target) => target.id);
  const described = unread.length > 0 ? await ledger.describe(spec.kind, unread) : new Map();
  const already: EventData['change.settled']['results'][number][] = [];
  for (const target of fresh) {
    const before = target.before ?? described.get(target.id)?.state;
    if (before !== undefined && holdsFields(before, spec.after)) {
      already.push({ id: target.id, outcome: 'already', before, ...(target.owner ? { owner: target.owner } : {}) });
    } else todo.push({ target, before });
  }
  if (already.length > 0) await ledger.settle({ ...head(ledger, spec), results: already });
  return todo;
}

function inDoubtMessage(spec: ChangesSpec, ids: readonly string[]): string {
  const shown = ids.slice(0, 5).join(', ');
  const more = ids.length > 5 ? ` and ${ids.length - 5} more` : '';
  return `${spec.verb} ${spec.kind} ${shown}${more}: sent before, but no answer was recorded, and this action must not send it twice`;
}

/**
 * Slots take batches in order. A window's intent is durable before its first batch starts; a slot records the outcomes
 * of its batch before it takes the next.
 */
async function performInBatches(
  ledger: LedgerPort,
  spec: ChangesSpec,
  todo: readonly Todo[],
  perform: Perform,
): Promise<void> {
  const { batch = 1, concurrency = 1 } = spec;
  // Where a repeat would do harm, an intent covers one batch only: what was never sent must not look doubtful.
  const window = ledger.isIdempotent ? Math.max(1, Math.floor(WINDOW / batch)) * batch : batch;
  const windows = new Map<number, Promise<void>>();
  let next = 0;
  let stop: PermanentFailure | null = null;
  const intendWindow = (start: number): Promise<void> => {
    const first = Math.floor(start / window) * window;
    let intent = windows.get(first);
    if (!intent) {
      windows.delete(first - window);
      intent = ledger.intend(intentOf(ledger, spec, todo.slice(first, first + window)));
      windows.set(first, intent);
    }
    return intent;
  };
  const slot = async (): Promise<void> => {
    while (next < todo.length && !ledger.stop.aborted && stop === null) {
      const start = next;
      next += batch;
      await intendWindow(start);
      // Aborted while the intent was written: nothing of this batch was sent, and a resume repeats it.
      if (ledger.stop.aborted) return;
      const chunk = todo.slice(start, start + batch).map((item) => item.target);
      const answer = await performChunk(ledger, chunk, perform);
      if (answer.stop) stop = answer.stop;
      await ledger.settle({ ...head(ledger, spec), results: answer.results });
    }
  };
  const slots = Array.from({ length: Math.min(concurrency, Math.ceil(todo.length / batch)) }, slot);
  const settled = await Promise.allSettled(slots);
  for (const result of settled) if (result.status === 'rejected') throw result.reason;
  ledger.stop.throwIfAborted();
  if (stop) throw stop;
}

interface ChunkAnswer {
  readonly results: EventData['change.settled']['results'];
  readonly stop?: PermanentFailure;
}

async function performChunk(ledger: LedgerPort, chunk: readonly SpecTarget[], perform: Perform): Promise<ChunkAnswer> {
  let isSent = false;
  try {
    const answers = await ledger.perform(() => {
      isSent = true;
      return perform(chunk, ledger.cut);
    });
    return {
      results: chunk.map((target) => {
        const { outcome = 'done', error, detail } = answers?.get(target.id) ?? {};
        return {
          id: target.id,
          outcome,
          ...(error === undefined ? {} : { error }),
          ...(detail === undefined ? {} : { detail }),
        };
      }),
    };
  } catch (thrown) {
    if (!isSent) throw thrown;
    const isKnown = thrown instanceof ChangeRefused || thrown instanceof PermanentFailure;
    const outcome = isKnown ? 'failed' : 'unknown';
    const error = messageOf(thrown);
    return {
      results: chunk.map((target) => ({ id: target.id, outcome, error })),
      ...(thrown instanceof PermanentFailure ? { stop: thrown } : {}),
    };
  }
}

function intentOf(ledger: LedgerPort, spec: ChangesSpec, items: readonly Todo[]): EventData['change.intended'] {
  return {
    ...head(ledger, spec),
    attempt: ledger.attempt,
    after: spec.after,
    ...(spec.undo === undefined ? {} : { undo: spec.undo }),
    targets: items.map(({ target, before }) => ({
      id: target.id,
      ...(target.owner === undefined ? {} : { owner: target.owner }),
      ...(before === undefined ? {} : { before }),
    })),
  };
}

function plannedResult({ target, before }: Todo): EventData['change.settled']['results'][number] {
  return {
    id: target.id,
    outcome: 'planned',
    ...(target.owner === undefined ? {} : { owner: target.owner }),
    ...(before === undefined ? {} : { before }),
  };
}

function head(ledger: LedgerPort, spec: ChangesSpec): { kind: string; verb: string; key?: string; round: number } {
  return {
    kind: spec.kind,
    verb: spec.verb,
    round: ledger.round,
    ...(spec.key === undefined ? {} : { key: spec.key }),
  };
}

function keyOf(ledger: LedgerPort, spec: ChangesSpec, id: string): string {
  return changeKey({ kind: spec.kind, id, verb: spec.verb, key: spec.key, round: ledger.round });
}

function resultOf(change: Change | undefined, spec: ChangesSpec, target: SpecTarget): ChangeResult {
  if (change) return toResult(change);
  return { kind: spec.kind, id: target.id, verb: spec.verb, outcome: 'skipped', error: 'stopped before its turn' };
}

/** A change as an action sees it. One without an outcome yet counts as unknown. */
export function toResult(change: Change): ChangeResult {
  return {
    kind: change.kind,
    id: change.id,
    verb: change.verb,
    outcome: change.outcome === 'intended' ? 'unknown' : change.outcome,
    ...(change.owner === undefined ? {} : { owner: change.owner }),
    ...(change.before === undefined ? {} : { before: change.before }),
    ...(change.after === undefined ? {} : { after: change.after }),
    ...(change.error === undefined ? {} : { error: change.error }),
    ...(change.detail === undefined ? {} : { detail: change.detail }),
  };
}
