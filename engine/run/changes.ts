// ctx.change and ctx.changes: the one seam through which effects leave. What needs no call is sorted out and recorded;
// the rest goes through durable intents (change-batches.ts); what an earlier attempt recorded is not sent again.
import { type ChangeResult, type ChangesSpec, Paused } from '../action.ts';
import { RunbookError } from '../errors.ts';
import { holdsFields } from '../json.ts';
import { performInBatches } from './change-batches.ts';
import type { EventData } from './events.ts';
import { asJson, head, keyOf, type LedgerPort, type Perform, type SpecTarget, type Todo } from './ledger-port.ts';
import type { Change } from './state.ts';

const MAX_BATCH = 500;
const MAX_CONCURRENCY = 64;

/**
 * One effect on one target. What an earlier attempt left open on other targets is not taken up here: this callback is
 * about its own target alone.
 */
export async function performChange(ledger: LedgerPort, spec: ChangesSpec, perform: Perform): Promise<ChangeResult> {
  const [result] = await performTargets(ledger, spec, onceEach(spec.targets), perform);
  if (!result) throw new RunbookError({ code: 'E_INTERNAL', message: 'a change gave no result' });
  return result;
}

/**
 * @returns one result a target in the order given, then those an earlier attempt left without an outcome.
 * @throws Paused; the reason of `stop` once what was in flight is recorded; PermanentFailure of a callback.
 */
export function performChanges(
  ledger: LedgerPort,
  spec: ChangesSpec,
  perform: Perform,
): Promise<readonly ChangeResult[]> {
  return performTargets(ledger, spec, withLeftovers(ledger, spec), perform);
}

async function performTargets(
  ledger: LedgerPort,
  given: ChangesSpec,
  targets: readonly SpecTarget[],
  perform: Perform,
): Promise<readonly ChangeResult[]> {
  const spec: ChangesSpec = { ...given, after: asJson(given.after) };
  checkSpec(spec);
  checkNames(ledger, spec, targets);
  ledger.stop.throwIfAborted();
  const keys = targets.map((target) => keyOf(ledger, spec, target.id));
  const taken = keys.findIndex((key) => ledger.underWay.has(key));
  if (taken !== -1) {
    throw new RunbookError({
      code: 'E_ACTION_OVERLAP',
      message: `${spec.verb} ${spec.kind} ${targets[taken]?.id} is under way already in another call of this action`,
      hint: 'Pass a target once, or tell the two changes apart by `key`',
    });
  }
  for (const key of keys) ledger.underWay.add(key);
  try {
    const todo = await classify(ledger, spec, targets);
    if (todo.length > 0 && ledger.isPlanning) {
      await ledger.settle({ ...head(ledger, spec), results: todo.map((item) => plannedResult(item)) });
    } else if (todo.length > 0) {
      ledger.authorize(todo.map(({ target }) => ({ ...target, kind: spec.kind })));
      await performInBatches(ledger, spec, todo, perform);
    }
    return targets.map((target) => resultOf(ledger.changes.get(keyOf(ledger, spec, target.id)), spec, target));
  } finally {
    for (const key of keys) ledger.underWay.delete(key);
  }
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

/** Two targets whose ids are redacted would be one in the ledger: refused before anything is sent. */
function checkNames(ledger: LedgerPort, spec: ChangesSpec, targets: readonly SpecTarget[]): void {
  const names = [spec.kind, spec.verb, spec.key ?? ''];
  for (const { id, owner } of targets) names.push(id, owner?.id ?? '');
  if (!names.some((name) => ledger.isRedacted(name))) return;
  throw new RunbookError({
    code: 'E_TARGET_REDACTED',
    message: `A ${spec.kind} to ${spec.verb} is named by something that looks like a secret, which the journal does not keep`,
    hint: 'Name the target by an id that is no secret',
  });
}

function onceEach(targets: readonly SpecTarget[]): readonly SpecTarget[] {
  return [...new Map(targets.toReversed().map((target) => [target.id, target])).values()].toReversed();
}

/** Targets once each, and the intents without an outcome that the action did not list again: they are never dropped. */
function withLeftovers(ledger: LedgerPort, spec: ChangesSpec): readonly SpecTarget[] {
  const targets = [...onceEach(spec.targets)];
  const listed = new Set(targets.map((target) => target.id));
  for (const change of ledger.changes.values()) {
    const isSame = change.kind === spec.kind && change.verb === spec.verb && change.discriminator === spec.key;
    const isOpen = change.outcome === 'intended' || change.outcome === 'unknown';
    if (!isSame || !isOpen || change.round !== ledger.round || listed.has(change.id)) continue;
    if (ledger.underWay.has(change.key)) continue;
    targets.push({ id: change.id, ...(change.owner ? { owner: change.owner } : {}) });
  }
  return targets;
}

/** Sorts out what needs no call, records it, and returns the rest with the state each had before us. */
async function classify(ledger: LedgerPort, spec: ChangesSpec, targets: readonly SpecTarget[]): Promise<Todo[]> {
  const fresh: SpecTarget[] = [];
  const todo: Todo[] = [];
  const doubtful: string[] = [];
  for (const target of targets) {
    const known = ledger.changes.get(keyOf(ledger, spec, target.id));
    // It was so before; the action now says that it is so no longer.
    const hasChanged = known?.outcome === 'already' && target.before && !holdsFields(target.before, spec.after);
    if (!known || hasChanged) fresh.push(target);
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
      already.push({
        id: target.id,
        outcome: 'already',
        before: asJson(before),
        ...(target.owner ? { owner: target.owner } : {}),
      });
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

function plannedResult({ target, before }: Todo): EventData['change.settled']['results'][number] {
  return {
    id: target.id,
    outcome: 'planned',
    ...(target.owner === undefined ? {} : { owner: target.owner }),
    ...(before === undefined ? {} : { before }),
  };
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
