// ctx.change and ctx.changes: the one seam through which effects leave. What needs no call is sorted out and recorded;
// the rest goes through durable intents (change-batches.ts); what an earlier attempt recorded is not sent again.
import type { ChangeResult, ChangesSpec, DescribedTargets } from '../action.ts';
import { RunbookError } from '../errors.ts';
import { holdsFields } from '../json.ts';
import { performInBatches } from './change-batches.ts';
import type { EventData } from './events.ts';
import {
  asJson,
  head,
  isRepeatable,
  keyOf,
  type LedgerPort,
  ownerOf,
  type Perform,
  type SpecTarget,
  type Todo,
} from './ledger-port.ts';
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
  for (const key of keys) {
    ledger.underWay.add(key);
    ledger.repeatable.set(key, isRepeatable(ledger, spec));
  }
  try {
    const todo = await classify(ledger, spec, targets);
    if (todo.length > 0 && ledger.isPlanning) {
      await ledger.settle({ ...head(ledger, spec), results: todo.map((item) => plannedResult(item)) });
    } else if (todo.length > 0) await send(ledger, spec, todo, perform);
    return targets.map((target) => resultOf(ledger.changes.get(keyOf(ledger, spec, target.id)), spec, target));
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

/**
 * Sorts out what needs no call, records it, and returns the rest with the state each had before us.
 * @throws InDoubt where one was sent before, its outcome is not known, and it must not be sent again
 */
async function classify(ledger: LedgerPort, spec: ChangesSpec, targets: readonly SpecTarget[]): Promise<Todo[]> {
  const open = targets.flatMap((target) => {
    const known = ledger.changes.get(keyOf(ledger, spec, target.id));
    return isSettled(known, target, spec) ? [] : [{ target, known }];
  });
  const verdicts = await ledger.judge(open.map(({ target }) => ({ ...target, kind: spec.kind })));
  const sorted = sortOut(open, verdicts, isRepeatable(ledger, spec));
  if (sorted.doubtful.length > 0) throw new InDoubt([{ ...head(ledger, spec), ids: sorted.doubtful }]);
  const wantsOwners = ledger.wantsOwners(spec.kind);
  const unread = sorted.fresh
    .filter(({ before, owner }) => before === undefined || (wantsOwners && owner === undefined))
    .map((target) => target.id);
  const described: DescribedTargets = unread.length > 0 ? await ledger.describe(spec.kind, unread) : new Map();
  const todo = [...sorted.again];
  const results = [...sorted.refused];
  for (const target of sorted.fresh) {
    const before = target.before ?? described.get(target.id)?.state;
    const owned = withOwner(target, described);
    if (before !== undefined && holdsFields(before, spec.after)) {
      results.push({ id: target.id, outcome: 'already', before: asJson(before), ...ownerOf(owned) });
    } else todo.push({ target: owned, before });
  }
  if (results.length > 0) await ledger.settle({ ...head(ledger, spec), results });
  return todo;
}

/** Nothing is to be done about it. One that was protected is judged anew: the rules may be others now. */
function isSettled(known: Change | undefined, target: SpecTarget, spec: ChangesSpec): boolean {
  switch (known?.outcome) {
    case 'done':
      return known.undone === undefined;
    case 'already':
      // It was so before; the action may now say that it is so no longer.
      return target.before === undefined || holdsFields(target.before, spec.after);
    case 'skipped':
    case 'planned':
      return true;
    default:
      return false;
  }
}

interface Sorted {
  readonly fresh: SpecTarget[];
  /** Intended or failed by an earlier attempt: the state before us is known. */
  readonly again: Todo[];
  readonly doubtful: string[];
  readonly refused: EventData['change.settled']['results'][number][];
}

function sortOut(
  open: readonly { readonly target: SpecTarget; readonly known: Change | undefined }[],
  verdicts: Verdicts,
  mayRepeat: boolean,
): Sorted {
  const sorted: Sorted = { fresh: [], again: [], doubtful: [], refused: [] };
  for (const { target, known } of open) {
    const verdict = verdicts.get(target.id);
    const wasSent = known?.outcome === 'intended' || known?.outcome === 'unknown';
    // Protected since: that it may have happened is not forgotten.
    if (wasSent && (!mayRepeat || verdict !== undefined)) sorted.doubtful.push(target.id);
    else if (verdict !== undefined) {
      const isKnown = known?.outcome === 'protected' && known.error === verdict;
      if (!isKnown) sorted.refused.push({ id: target.id, outcome: 'protected', error: verdict, ...ownerOf(target) });
    }
    // After a crash the earlier state comes from the intent: a new read might show our own effect.
    else if (wasSent || known?.outcome === 'failed') sorted.again.push({ target, before: known.before });
    else sorted.fresh.push(target);
  }
  return sorted;
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
