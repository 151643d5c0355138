// Before a change is taken back: did it happen, and is its target still as we left it? What somebody changed since is
// left, and said; so is what nobody can look at, unless a person wants that.
import type { Action, DescribedTargets } from '../action.ts';
import { RunbookError } from '../errors.ts';
import { holdsFields, isJsonObject, type Json, type JsonObject } from '../json.ts';
import { findRedactionMarker } from '../redact.ts';
import { isTakeable, targetKey } from './change-views.ts';
import type { OpenContext } from './context.ts';
import type { Engine } from './engine.ts';
import type { Draft, EventData, Inverse } from './events.ts';
import { whyUntouched } from './evolve-undo.ts';
import type { Change, StepState, UndoState } from './state.ts';

type Left = EventData['undo.left']['changes'][number];
type Settled = EventData['change.settled']['results'][number];

/** What was found about a change: it is to be left, or its outcome is known now. */
type Finding =
  | ({ readonly kind: 'left'; readonly change: Change } & Pick<Left, 'why' | 'text'>)
  | { readonly kind: 'settled'; readonly change: Change; readonly result: Settled };

/**
 * The inputs of an inverse without the targets that are to be left; null where none remains.
 * @throws what the reader throws: then the attempt fails, and nothing was taken back unseen.
 */
export async function inputsStillOurs(
  engine: Engine,
  step: StepState,
  inverse: Inverse,
  { inputs, action, context }: { readonly inputs: Json; readonly action: Action; readonly context: OpenContext },
): Promise<Json | null> {
  const { state } = engine.session;
  const covered = inverse.covers.flatMap((ref) => state.changes.get(ref.step)?.get(ref.key) ?? []);
  const touched = touchedBy(engine, step);
  // What this undo has touched itself is no longer as the run left it, and still ours.
  const fresh = covered.filter(
    (change) => isTakeable(change) && change.left === undefined && !touched.has(targetKey(change)),
  );
  const findings = await findingsOf(engine, fresh, { action, context });
  const drafts = draftsOf(step, inverse, findings);
  if (drafts.length > 0) await engine.session.append(...drafts);
  const isOurs = (change: Change): boolean =>
    change.undone === inverse.undo || (isTakeable(change) && change.left === undefined);
  const ours = new Set(covered.filter(isOurs).map((change) => change.id));
  if (ours.size === 0) return null;
  const { each } = inverse;
  if (each === undefined || !isJsonObject(inputs)) return inputs;
  const ids = inputs[each];
  const remaining = Array.isArray(ids) ? ids.filter((id) => typeof id !== 'string' || ours.has(id)) : [];
  return remaining.length === 0 ? null : { ...inputs, [each]: remaining };
}

/** What was not sent is looked at again: somebody may have changed it meanwhile. */
function touchedBy(engine: Engine, step: StepState): ReadonlySet<string> {
  const own = [...(engine.session.state.changes.get(step.path)?.values() ?? [])];
  return new Set(own.filter(isTakeable).map(targetKey));
}

/** What an inverse leaves, and what became of changes that nobody knew the outcome of, each to the ledger of its own step. */
function draftsOf(step: StepState, { undo }: Inverse, findings: readonly Finding[]): readonly Draft[] {
  const drafts: Draft[] = [];
  const groups = new Map<string, { change: Change; results: Settled[] }>();
  const left: Left[] = [];
  for (const found of findings) {
    const { change } = found;
    if (found.kind === 'left') {
      left.push({ step: change.step, key: change.key, why: found.why, text: found.text });
      continue;
    }
    const name = JSON.stringify([change.step, change.kind, change.verb, change.discriminator ?? null, change.round]);
    const group = groups.get(name);
    if (group) group.results.push(found.result);
    else groups.set(name, { change, results: [found.result] });
  }
  for (const { change, results } of groups.values()) {
    const { kind, verb, discriminator, round } = change;
    const data = { kind, verb, round, ...(discriminator === undefined ? {} : { key: discriminator }), results };
    drafts.push({ type: 'change.settled', actor: 'engine', step: change.step, data });
  }
  if (left.length > 0)
    drafts.push({ type: 'undo.left', actor: 'engine', step: step.path, data: { undo, changes: left } });
  return drafts;
}

async function findingsOf(
  engine: Engine,
  changes: readonly Change[],
  { action, context }: { readonly action: Action; readonly context: OpenContext },
): Promise<readonly Finding[]> {
  const { undo } = engine.session.state;
  if (undo === null || changes.length === 0) return [];
  const held = (await engine.heldElsewhere?.(changes)) ?? new Map<string, string>();
  const findings: Finding[] = [];
  for (const kind of new Set(changes.map((change) => change.kind))) {
    const ofKind = changes.filter((change) => change.kind === kind);
    const ids = [...new Set(ofKind.map((change) => change.id))];
    const states = action.describe === undefined ? undefined : await context.guard(() => context.describe(kind, ids));
    for (const id of ids) {
      const newestFirst = ofKind.filter((change) => change.id === id).sort((a, b) => b.seq - a.seq);
      findings.push(...findingsAt(newestFirst, { undo, run: held.get(targetKey({ kind, id })), now: states?.get(id) }));
    }
  }
  return findings;
}

interface Seen {
  readonly undo: UndoState;
  /** Another open run that changed it too. */
  readonly run: string | undefined;
  /** undefined: nobody could look; null: it is not there. */
  readonly now: ReturnType<DescribedTargets['get']>;
}

/** Of one target. Only the newest of its changes can still be seen there; what it hides goes the same way. */
function findingsAt(newestFirst: readonly Change[], seen: Seen): readonly Finding[] {
  const findings: Finding[] = [];
  for (const [index, change] of newestFirst.entries()) {
    const found = findingOf(change, seen);
    if (found !== undefined) findings.push(found);
    if (found?.kind === 'settled' && found.result.outcome === 'failed') continue;
    if (found?.kind !== 'left') return findings;
    const { why, text } = found;
    findings.push(
      ...newestFirst.slice(index + 1).map((older) => ({ kind: 'left', change: older, why, text }) as const),
    );
    return findings;
  }
  return findings;
}

/** undefined: it stands as we left it, or is to be restored all the same. */
function findingOf(change: Change, { undo, run, now }: Seen): Finding | undefined {
  const { overwrites } = undo;
  const leave = (why: Left['why'], text: string): Finding => ({ kind: 'left', change, why, text });
  if (run !== undefined && !overwrites) return leave('held-by-run', `the open run ${run} changed it too`);
  if (now === null) return isKnown(change) ? leave('gone', 'it no longer exists') : notHappened(change);
  const stands = standsAt(change, now?.state);
  if (isKnown(change)) {
    if (overwrites || stands === 'ours') return undefined;
    if (stands === 'other') return leave('changed-since', changedText(change, now?.state ?? {}));
    // That it is taken back at the end of the run was said beforehand, by its playbook.
    return undo.isUnchecked || undo.cause === 'temporary' ? undefined : leave('not-checkable', UNSEEN);
  }
  if (stands === 'other') return notHappened(change);
  if (stands === 'unseen') return undo.isUnchecked ? undefined : leave('not-checkable', UNSEEN_AND_UNKNOWN);
  const result = { id: change.id, outcome: 'done', detail: { confirmedByReading: true } } as const;
  return { kind: 'settled', change, result };
}

const UNSEEN = 'nothing can look whether it is still as the run left it; --unchecked restores it all the same';
const UNSEEN_AND_UNKNOWN = 'nothing can look whether it happened; --unchecked takes it back all the same';

function isKnown({ outcome }: Change): boolean {
  return outcome === 'done';
}

/** What the ledger says of a change that an undo looked for and did not find. */
export const NOT_HAPPENED = 'found not to have happened';

function notHappened(change: Change): Finding {
  const result = { id: change.id, outcome: 'failed', error: NOT_HAPPENED } as const;
  return { kind: 'settled', change, result };
}

/** Fields whose value the journal does not keep cannot be compared. */
function standsAt({ after, detail }: Change, now: JsonObject | undefined): 'ours' | 'other' | 'unseen' {
  if (now === undefined || after === undefined) return 'unseen';
  const kept = Object.fromEntries(
    Object.entries(after).filter(([, value]) => findRedactionMarker(value) === undefined),
  );
  if (!holdsFields(now, kept) || !holdsFields(now, shared(detail, now))) return 'other';
  return findRedactionMarker(after) === undefined ? 'ours' : 'unseen';
}

/** What a change noted of its one target and the reader tells too. */
function shared(detail: JsonObject | undefined, now: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(detail ?? {}).filter(([name]) => Object.hasOwn(now, name)));
}

/** False where it is known before that nobody can look at it: no reader, or not all of it is in the journal. */
export function mayBeSeen({ after }: Change, inverse: Action | undefined): boolean {
  return inverse?.describe !== undefined && after !== undefined && findRedactionMarker(after) === undefined;
}

function changedText({ before, after, detail }: Change, now: JsonObject): string {
  if (before !== undefined && after !== undefined) {
    const earlier = Object.fromEntries(Object.keys(after).map((name) => [name, before[name] ?? null]));
    if (holdsFields(now, earlier)) return 'somebody has taken it back already';
  }
  const names = Object.keys({ ...after, ...shared(detail, now) });
  const fields = names.map((name) => `${name}: ${JSON.stringify(now[name] ?? null)}`);
  return `somebody changed it since: ${fields.join(', ')}`;
}

/**
 * Every change that an inverse covers must be restored or left by now: nothing is called taken back that was not seen to
 * be. What the inverse itself was not to touch (protected since, or a person said so) is left, and said.
 * @throws E_UNDO_UNCONFIRMED
 */
export async function assertRestored(engine: Engine, step: StepState, inverse: Inverse): Promise<void> {
  const { state } = engine.session;
  const inverses = new Map<string, Change>();
  for (const change of state.changes.get(step.path)?.values() ?? []) inverses.set(targetKey(change), change);
  const open: Change[] = [];
  const left: Left[] = [];
  for (const ref of inverse.covers) {
    const change = state.changes.get(ref.step)?.get(ref.key);
    if (!change || !isTakeable(change) || change.left !== undefined) continue;
    const own = inverses.get(targetKey(change));
    if (own?.outcome === 'done' || own?.outcome === 'already') continue;
    const why = whyUntouched(own);
    if (why === undefined) open.push(change);
    else left.push({ ...ref, why, text: own?.error ?? why });
  }
  if (left.length > 0) {
    const data = { undo: inverse.undo, changes: left };
    await engine.session.append({ type: 'undo.left', actor: 'engine', step: step.path, data });
  }
  const [first] = open;
  if (!first) return;
  throw new RunbookError({
    code: 'E_UNDO_UNCONFIRMED',
    message: `${open.length} changes were not taken back, the first: ${first.verb} ${first.kind} ${first.id}`,
    hint: `${inverse.uses} did not report a change of them. Look whether they are as before, then skip this step with a reason, or retry it`,
  });
}
