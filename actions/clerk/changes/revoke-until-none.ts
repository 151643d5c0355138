// Revoking what is listed, and listing again until nothing is left: sessions, keys and tokens may be made while one works.
import {
  type ActionContext,
  type ChangeResult,
  type JsonObject,
  PermanentFailure,
  type Target,
  type TargetAnswer,
} from '../../../engine/action.ts';
import { asChangeFailure } from '../api/call-error.ts';
import { CLERK_CONCURRENCY } from '../api/client.ts';
import { chunksOf } from '../api/concurrency.ts';
import { listEach, type Unread, unreadError, unreadText } from '../api/list-each.ts';
import { changesOf } from './outcomes.ts';

/** Each round but the first is there for what was made meanwhile. */
const MAX_ROUNDS = 5;
/** The first revoke leaves after so many lists: with 10,000 users all lists together take 100 s under Clerk's limit. */
const SOURCES_PER_BATCH = 200;
/** So many revokes without an answer, and none with one, are Clerk's failure: the batches after it are not begun. */
const MOST_LOST = 2 * CLERK_CONCURRENCY;
const VERB = 'revoke';

export interface Revocable {
  readonly id: string;
  readonly owner: Target;
  readonly before: JsonObject;
  /** What protection may match; it has an owner, who is judged too. */
  readonly attributes: { readonly [name: string]: string };
}

export interface Revoking {
  /** Kind of target: `api-key`. */
  readonly kind: string;
  /** What of it changes. */
  readonly after: JsonObject;
  /** How those that are left are told: `API keys are still accepted`. */
  readonly left: string;
  /** As people read it: `API keys`. */
  readonly noun: string;
  /** Where to look, batch by batch: each is listed, and what it has is counted and revoked, before the next is looked at. */
  readonly batches: readonly (readonly Target[])[];
  /** Sources that could not be found out before: told at the end with the others. */
  readonly unread?: readonly Unread[];
  /** Those of owners whom the run must not touch are listed, and left. */
  readonly isAllowed: (owner: Target) => boolean;
  /** What is accepted there now. null: there is no such source. */
  list(source: Target): Promise<readonly Revocable[] | null>;
  /** @throws ClerkCallError */
  revoke(target: Omit<Target, 'kind'>): Promise<'revoked' | 'over'>;
}

export interface Revoked {
  readonly revoked: number;
  readonly alreadyRevoked: number;
  /** Still accepted at the end: protected or skipped on purpose. */
  readonly held: readonly Revocable[];
  /** Ids of sources that Clerk does not know, sorted. */
  readonly unknown: string[];
}

/** For sources whose users `ctx.expect` has counted already. */
export function inBatches(sources: readonly Target[]): Target[][] {
  return chunksOf(sources, SOURCES_PER_BATCH);
}

/**
 * Counts are of all attempts. One source that cannot be listed stops no other.
 * @throws Error, after everything else is done, where anything is left that should not be, is in doubt, or could not be
 * listed; PermanentFailure where the last is all, and was refused. In a plan what was refused is logged.
 */
export async function revokeUntilNoneIsLeft(ctx: ActionContext, work: Revoking): Promise<Revoked> {
  const tally: Tally = { listed: 0, open: new Map(), unknown: new Set(), unread: [...(work.unread ?? [])] };
  let isDown = false;
  // Also where there is no source: what an earlier attempt left open stands in no list any more where it was revoked.
  for (const batch of work.batches.length === 0 ? [[]] : work.batches) {
    const failure = tally.unread.at(-1)?.error ?? new Error('Clerk does not answer');
    if (isDown) tally.unread.push(...batch.map((source) => ({ source, error: failure })));
    else isDown = await revokeBatch(ctx, work, batch, tally);
  }
  const held = [...tally.open.values()];
  throwIfOpen(ctx, work, touchable(ctx, work, held).length, tally.unread);
  const outcomes = changesOf(ctx, work.kind, VERB).map((change) => change.outcome);
  return {
    revoked: outcomes.filter((outcome) => outcome === 'done').length,
    alreadyRevoked: outcomes.filter((outcome) => outcome === 'already').length,
    held,
    unknown: [...tally.unknown].sort(),
  };
}

interface Tally {
  listed: number;
  /** What the last list of each source had, by id. */
  readonly open: Map<string, Revocable>;
  readonly unknown: Set<string>;
  readonly unread: Unread[];
}

/** @returns true where Clerk seems to be down. */
async function revokeBatch(
  ctx: ActionContext,
  work: Revoking,
  batch: readonly Target[],
  tally: Tally,
): Promise<boolean> {
  let found = await listBatch(ctx, work, batch, tally);
  let isDown = found.isDown;
  for (let round = 1; round <= MAX_ROUNDS; round++) {
    const inDoubt = changesOf(ctx, work.kind, VERB).filter(({ outcome }) => outcome === 'unknown');
    const targets = toTargets(touchable(ctx, work, found.open), inDoubt);
    if (targets.length === 0) break;
    const results = await revokeAll(ctx, work, targets, new Set(inDoubt.map((change) => change.id)));
    if (ctx.planning) break;
    found = await listBatch(ctx, work, found.sources, tally);
    const isAnswered = results.some(({ outcome }) => outcome === 'done' || outcome === 'already');
    const lost = results.filter(({ outcome }) => outcome === 'unknown').length;
    isDown = found.isDown || (!isAnswered && lost >= MOST_LOST);
    if (!isAnswered) break;
  }
  for (const one of found.open) tally.open.set(one.id, one);
  return isDown;
}

interface Found {
  readonly open: readonly Revocable[];
  /** Those that have something open. */
  readonly sources: readonly Target[];
  readonly isDown: boolean;
}

async function listBatch(ctx: ActionContext, work: Revoking, sources: readonly Target[], tally: Tally): Promise<Found> {
  const total = work.batches.reduce((sum, batch) => sum + batch.length, 0);
  const { read, unknown, unread, isDown } = await listEach(ctx, sources, async (source) => {
    const list = await work.list(source);
    tally.listed = Math.min(tally.listed + 1, total);
    ctx.progress(tally.listed, total, 'listed');
    return list;
  });
  for (const { id } of unknown) tally.unknown.add(id);
  tally.unread.push(...unread);
  const open = new Map(read.flatMap(({ list }) => list).map((one) => [one.id, one]));
  const sourcesLeft = read.filter(({ list }) => list.length > 0).map(({ source }) => source);
  return { open: [...open.values()], sources: sourcesLeft, isDown };
}

function touchable(ctx: ActionContext, work: Revoking, open: readonly Revocable[]): Revocable[] {
  const outcomes = new Map(changesOf(ctx, work.kind, VERB).map(({ id, outcome }) => [id, outcome]));
  return open.filter(({ id, owner }) => {
    const outcome = outcomes.get(id);
    return work.isAllowed(owner) && outcome !== 'protected' && outcome !== 'skipped';
  });
}

function throwIfOpen(ctx: ActionContext, work: Revoking, left: number, unread: readonly Unread[]): void {
  const own = changesOf(ctx, work.kind, VERB);
  const inDoubt = own.filter(({ outcome }) => outcome === 'unknown').length;
  const unreadNote = unread.length === 0 ? '' : unreadText(unread, work.noun);
  if (!ctx.planning && (left > 0 || inDoubt > 0)) {
    const reason = own.find((change) => change.error !== undefined && !isOver(change))?.error;
    const numbers = `${left} ${work.left}, ${inDoubt} revokes in doubt`;
    throw new Error([`${numbers} at the end`, reason, unreadNote].filter(Boolean).join('. '));
  }
  if (unread.length === 0) return;
  const isRefusedAlone = unread.every(({ error }) => error instanceof PermanentFailure);
  // A plan is no proof: whom it could not look into is in it by `ctx.expect`, and is looked into again by the run.
  if (ctx.planning && isRefusedAlone) ctx.log(unreadNote);
  else throw unreadError(unread, work.noun);
}

function isOver({ outcome }: ChangeResult): boolean {
  return outcome === 'done' || outcome === 'already' || outcome === 'protected';
}

function toTargets(open: readonly Revocable[], inDoubt: readonly ChangeResult[]): Omit<Target, 'kind'>[] {
  const targets = new Map<string, Omit<Target, 'kind'>>();
  for (const { id, owner, before } of inDoubt) {
    targets.set(id, { id, ...(owner === undefined ? {} : { owner }), ...(before === undefined ? {} : { before }) });
  }
  for (const { id, owner, before, attributes } of open) targets.set(id, { id, owner, before, attributes });
  return [...targets.values()];
}

async function revokeAll(
  ctx: ActionContext,
  work: Revoking,
  targets: readonly Omit<Target, 'kind'>[],
  inDoubt: ReadonlySet<string>,
): Promise<readonly ChangeResult[]> {
  let ended = 0;
  const spec = { kind: work.kind, verb: VERB, after: work.after };
  return await ctx.changes({ ...spec, targets, batch: 1, concurrency: CLERK_CONCURRENCY }, async (chunk) => {
    const answers = new Map<string, TargetAnswer>();
    for (const target of chunk) {
      try {
        const how = await work.revoke(target);
        // Over before this call, with an intent of ours on record: it was ours.
        answers.set(target.id, { outcome: how === 'revoked' || inDoubt.has(target.id) ? 'done' : 'already' });
      } catch (error) {
        throw asChangeFailure(error);
      }
      ended++;
      ctx.progress(ended, targets.length, work.noun);
    }
    return answers;
  });
}
