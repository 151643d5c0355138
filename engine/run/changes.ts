// ctx.change and ctx.changes: the one seam through which effects leave. What needs no call is sorted out and recorded;
// the rest goes through durable intents (change-batches.ts); what an earlier attempt recorded is not sent again.
import type { ChangeResult, ChangesSpec, DescribedTargets } from '../action.ts';
import { RunbookError } from '../errors.ts';
import { holdsFields, type JsonObject } from '../json.ts';
import { performInBatches } from './change-batches.ts';
import { isStanding } from './change-views.ts';
import type { EventData } from './events.ts';
import {
  asJson,
  head,
  isRepeatable,
  isUnsettled,
  keyOf,
  type LedgerPort,
  ownerOf,
  type Perform,
  type SpecTarget,
  type Todo,
  wantsSame,
} from './ledger-port.ts';
import { settleByReading } from './open-changes.ts';
import { InDoubt } from './pauses.ts';
import type { Verdicts } from './protection.ts';
import type { Change } from './state.ts';

const MAX_BATCH = 500;
const MAX_CONCURRENCY = 64;

/**
 * One effect on one target. What an earlier attempt left open on other targets is not taken up here: this callback is
 * about its own target alone.
 */
export async function performChange(ledger: LedgerPort, spec: ChangesSpec, perform: Perform): Promise<ChangeResult> {
  const [result] = await performTargets(ledger, withJson(spec), [], perform);
  if (!result) throw new RunbookError({ code: 'E_INTERNAL', message: 'a change gave no result' });
  return result;
}

/**
 * @returns one result a target in the order given, also where one is given twice, then those an earlier attempt left
 * without an outcome.
 * @throws Paused; the reason of `stop` once what was in flight is recorded; PermanentFailure of a callback.
 */
export function performChanges(
  ledger: LedgerPort,
  spec: ChangesSpec,
  perform: Perform,
): Promise<readonly ChangeResult[]> {
  const exact = withJson(spec);
  return performTargets(ledger, exact, leftovers(ledger, exact), perform);
}

function withJson(spec: ChangesSpec): ChangesSpec {
  return { ...spec, after: asJson(spec.after) };
}

async function performTargets(
  ledger: LedgerPort,
  spec: ChangesSpec,
  left: readonly SpecTarget[],
  perform: Perform,
): Promise<readonly ChangeResult[]> {
  const targets = [...onceEach(spec.targets), ...left];
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
  for (const key of keys) {
    ledger.underWay.add(key);
    if (spec.idempotent !== undefined) ledger.repeatable.set(key, spec.idempotent);
  }
  try {
    const todo = await classify(ledger, spec, targets);
    if (todo.length > 0 && ledger.isPlanning) {
      await ledger.settle({ ...head(ledger, spec), results: todo.map((item) => plannedResult(item)) });
    } else if (todo.length > 0) await send(ledger, spec, todo, perform);
    return [...spec.targets, ...left].map((target) => {
      const change = knownOf(ledger, spec, target.id);
      if (change) ledger.met.set(keyOf(ledger, spec, target.id), change.seq);
      return resultOf(change, spec, target);
    });
  } finally {
    for (const key of keys) ledger.underWay.delete(key);
  }
}

/** The whole list is approved and counted before its first call. */
async function send(ledger: LedgerPort, spec: ChangesSpec, todo: readonly Todo[], perform: Perform): Promise<void> {
  const { kind, verb } = spec;
  const touched = todo.map(({ target }) => ({ kind, verb, id: target.id, ...ownerOf(target) }));
  ledger.authorize(touched);
  const release = ledger.count(touched);
  try {
    await performInBatches(ledger, spec, todo, perform);
  } finally {
    release();
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

/**
 * The intents without an outcome that the action did not list again: they are never dropped. This call sends those that want
 * what it wants; the others only a reader settles, or a person.
 */
function leftovers(ledger: LedgerPort, spec: ChangesSpec): readonly SpecTarget[] {
  const listed = new Set(spec.targets.map((target) => target.id));
  return [...ledger.changes.values()].flatMap((change) => {
    const isAlike = change.kind === spec.kind && change.verb === spec.verb && change.discriminator === spec.key;
    if (!isAlike || !isUnsettled(change) || change.round !== ledger.round || listed.has(change.id)) return [];
    if (ledger.underWay.has(change.key)) return [];
    if (wantsSame(ledger, change, spec)) return [{ id: change.id, ...ownerOf(change) }];
    ledger.repeatable.set(change.key, false);
    return [];
  });
}

/**
 * What the ledger knows of the change that this call asks for. Where several came one after the other on a target, an attempt
 * that goes over them again finds each; what was done for other inputs since, or lies behind it, does not count.
 */
function knownOf(ledger: LedgerPort, spec: ChangesSpec, id: string): Change | undefined {
  const newest = ledger.changes.get(keyOf(ledger, spec, id));
  if (newest === undefined || newest.edits !== ledger.edits) return newest;
  const since = ledger.met.get(newest.key) ?? 0;
  for (let one: Change | undefined = newest; one && one.seq >= since; one = ledger.changes.get(one.replaces ?? ''))
    if (wantsSame(ledger, one, spec) && (one === newest || (isStanding(one) && one.edits === ledger.edits))) return one;
  return newest;
}

/**
 * Sorts out what needs no call, records it, and returns the rest with the state each had before us.
 * @throws InDoubt where one was sent before, its outcome is not known, and it must not be sent again
 */
async function classify(ledger: LedgerPort, spec: ChangesSpec, targets: readonly SpecTarget[]): Promise<Todo[]> {
  await readUnsettled(ledger, spec, targets);
  const open = targets.flatMap((target): Open[] => {
    const known = knownOf(ledger, spec, target.id);
    if (isSettled(ledger, known, target, spec)) return [];
    // A retry need not name the owner again: whom it belongs to still counts.
    return [{ target: known?.owner && !target.owner ? { ...target, owner: known.owner } : target, known }];
  });
  const verdicts = await ledger.judge(open.map(({ target }) => ({ ...target, kind: spec.kind })));
  const sorted = sortOut(ledger, spec, open, verdicts);
  if (sorted.doubtful.length > 0) throw new InDoubt([{ ...head(ledger, spec), ids: sorted.doubtful }]);
  const wantsOwners = ledger.wantsOwners(spec.kind);
  const isUnread = ({ owner }: SpecTarget): boolean => wantsOwners && owner === undefined;
  const unread = [
    ...sorted.fresh.filter((item) => item.before === undefined || isUnread(item.target)),
    ...sorted.again.filter((item) => isUnread(item.target)),
  ].map((item) => item.target.id);
  const described: DescribedTargets = unread.length > 0 ? await ledger.describe(spec.kind, unread) : new Map();
  const todo = sorted.again.map((item) => ({ ...item, target: withOwner(item.target, described) }));
  const results = [...sorted.refused];
  for (const { target, before: given, known } of sorted.fresh) {
    const before = given ?? described.get(target.id)?.state ?? leftBy(known);
    const owned = withOwner(target, described);
    if (before !== undefined && holdsFields(before, spec.after)) {
      results.push({ id: target.id, outcome: 'already', before: asJson(before), ...ownerOf(owned) });
    } else todo.push({ target: owned, before, wasSent: false });
  }
  if (results.length > 0) await ledger.settle({ ...head(ledger, spec), results });
  return todo;
}

interface Open {
  readonly target: SpecTarget;
  readonly known: Change | undefined;
}

/** What must not simply be sent again, or was to be another state, is read first: the reader may know that it happened. */
async function readUnsettled(ledger: LedgerPort, spec: ChangesSpec, targets: readonly SpecTarget[]): Promise<void> {
  const unsettled = targets.flatMap(({ id }) => {
    const known = knownOf(ledger, spec, id);
    if (known === undefined || !isUnsettled(known)) return [];
    return wantsSame(ledger, known, spec) && isRepeatable(ledger, spec, known) ? [] : [known];
  });
  if (unsettled.length > 0) await settleByReading(ledger, unsettled);
}

/** Nothing is to be done about it. One that was protected is judged anew: the rules may be others now. */
function isSettled(ledger: LedgerPort, known: Change | undefined, target: SpecTarget, spec: ChangesSpec): boolean {
  switch (known?.outcome) {
    case 'done':
      return isStanding(known) && wantsSame(ledger, known, spec);
    case 'already': {
      // It was so before; the action may now say that it is so no longer, or want something else.
      const before = target.before ?? known.before;
      return before === undefined || holdsFields(before, spec.after);
    }
    case 'skipped':
      return wantsSame(ledger, known, spec);
    case 'planned':
      return true;
    default:
      return false;
  }
}

interface Sorted {
  readonly fresh: (Open & { readonly before: JsonObject | undefined })[];
  /** Sent by an earlier attempt perhaps: the state before us is known. */
  readonly again: Todo[];
  readonly doubtful: string[];
  readonly refused: EventData['change.settled']['results'][number][];
}

function sortOut(ledger: LedgerPort, spec: ChangesSpec, open: readonly Open[], verdicts: Verdicts): Sorted {
  const sorted: Sorted = { fresh: [], again: [], doubtful: [], refused: [] };
  for (const { target, known } of open) {
    const verdict = verdicts.get(target.id);
    if (known !== undefined && isUnsettled(known)) {
      // Protected since: that it may have happened is not forgotten.
      if (verdict !== undefined && known.mayRepeat) throw notRepeatable(spec, target, verdict);
      if (verdict !== undefined || !isRepeatable(ledger, spec, known)) sorted.doubtful.push(target.id);
      // After a crash the earlier state comes from the intent: a new read might show our own effect.
      else sorted.again.push({ target, before: known.before, wasSent: true });
    } else if (verdict !== undefined) {
      const isKnown = known?.outcome === 'protected' && known.error === verdict;
      if (!isKnown) sorted.refused.push({ id: target.id, outcome: 'protected', error: verdict, ...ownerOf(target) });
    }
    // What the action read before an effect of ours says nothing of the state that one left.
    else sorted.fresh.push({ target, known, before: leftBy(known) === undefined ? target.before : undefined });
  }
  return sorted;
}

function notRepeatable({ verb, kind }: ChangesSpec, { id }: SpecTarget, verdict: string): RunbookError {
  return new RunbookError({
    code: 'E_CHANGES_UNSETTLED',
    message: `${verb} ${kind} ${id} may have happened, and cannot be sent again: ${verdict}`,
    hint: 'Find out what became of it and say so with `runbook settle`',
  });
}

/** The state a change of ours left, which another is to follow. */
function leftBy(known: Change | undefined): JsonObject | undefined {
  if (known?.after === undefined || !isStanding(known)) return undefined;
  return { ...known.before, ...known.after };
}

/** The reader knows whom it belongs to where the action does not say. */
function withOwner(target: SpecTarget, described: DescribedTargets): SpecTarget {
  const owner = target.owner ?? described.get(target.id)?.owner;
  return owner === undefined ? target : { ...target, owner };
}

function plannedResult({ target, before }: Todo): EventData['change.settled']['results'][number] {
  return {
    id: target.id,
    outcome: 'planned',
    ...ownerOf(target),
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
