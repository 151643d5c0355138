// Setting the ban mark of many users to one value: what clerk.ban-users and clerk.unban-users share.
import {
  type ActionContext,
  messageOf,
  PermanentFailure,
  type TargetAnswer,
  type Undo,
} from '../../../engine/action.ts';
import { asChangeFailure, ClerkCallError } from '../api/call-error.ts';
import { type ClerkClient, clerkClient } from '../api/client.ts';
import { type ClerkUser, readUsers, setBanned } from '../api/users.ts';
import { forgetAtHand, handToReader } from '../api/users-at-hand.ts';
import { distinct } from '../schemas.ts';
import { countsOf, throwIfUsersOpen } from './outcomes.ts';

/** POST /users/ban and /users/unban: 1..50 `user_ids`. */
const USERS_PER_REQUEST = 50;
const CONCURRENCY = 4;
const NO_SUCH_USER = 'Clerk knows no user of this id';

export interface BanMark {
  readonly banned: boolean;
  readonly verb: string;
  readonly undo: Undo;
  /** As readBeforeBans read them in this attempt, where the caller needed them too. */
  readonly known?: ReadonlyMap<string, ClerkUser>;
}

export interface BanResult {
  readonly changed: number;
  readonly already: number;
  /** Ids that Clerk refused or does not know. */
  readonly failed: string[];
  /** Why the first of them that was sent failed. */
  readonly error?: string;
}

/** The users as they are, in one listing that serves the family's reader as well: call it before `ctx.expect`. */
export async function readBeforeBans(
  client: ClerkClient,
  ids: readonly string[],
): Promise<ReadonlyMap<string, ClerkUser>> {
  const users = await readUsers(client, ids);
  handToReader(client.ctx, ids, users);
  return users;
}

/** @throws PermanentFailure where nobody is in the wanted state and somebody failed: no step may end well over that. */
export function throwIfNobody(ctx: ActionContext, result: BanResult, what: string): void {
  const { changed, already, failed, error = NO_SUCH_USER } = result;
  if (ctx.planning || changed + already > 0 || failed.length === 0) return;
  const names = failed.length > 5 ? `${failed.slice(0, 5).join(', ')}, …` : failed.join(', ');
  throw new PermanentFailure(`Nobody is ${what}: all ${failed.length} failed (${names}). ${error}`);
}

/**
 * Reads the earlier state, changes those that differ, and counts from the ledger over all attempts.
 * @throws PermanentFailure where the plan does not include bans (402); Error while anything is in doubt or might go
 * well at another try.
 */
export async function setBanMarks(users: readonly string[], ctx: ActionContext, to: BanMark): Promise<BanResult> {
  const client = await clerkClient(ctx);
  const ids = distinct(users);
  const known = to.known ?? (await readBeforeBans(client, ids));
  const unknownIds = ids.filter((id) => !known.has(id));
  if (unknownIds.length > 0) ctx.log(`${NO_SUCH_USER}: ${unknownIds.join(', ')}`);

  const transient = new Set<string>();
  const targets = ids.flatMap((id) => {
    const user = known.get(id);
    if (user === undefined) return [];
    return [{ id, before: { banned: user.banned } }];
  });
  let sent = 0;
  const spec = { kind: 'user', verb: to.verb, after: { banned: to.banned }, undo: to.undo };
  const results = await ctx.changes(
    { ...spec, targets, batch: USERS_PER_REQUEST, concurrency: CONCURRENCY },
    async (chunk) => {
      forgetAtHand(ctx);
      const answers = await setChunk(
        client,
        chunk.map((target) => target.id),
        to.banned,
        transient,
      );
      sent += chunk.length;
      ctx.progress(sent, targets.length, 'users');
      return answers;
    },
  );

  throwIfUsersOpen(to.verb, results, transient);
  const { done, already } = countsOf(ctx, 'user', to.verb);
  const refused = results.filter((result) => result.outcome === 'failed');
  const error = refused.find((result) => result.error !== undefined)?.error;
  return {
    ...(error === undefined ? {} : { error }),
    changed: done,
    already,
    failed: [...unknownIds, ...refused.map((result) => result.id)].sort(),
  };
}

type Answers = Map<string, TargetAnswer>;

/** @param transient takes the ids that are known not to be changed and worth another try. */
async function setChunk(
  client: ClerkClient,
  ids: readonly string[],
  wanted: boolean,
  transient: Set<string>,
): Promise<Answers> {
  try {
    return await compare(client, ids, await setBanned(client, ids, wanted), wanted, transient);
  } catch (error) {
    if (!(error instanceof ClerkCallError)) throw error;
    // One 401 or 402 speaks for all: the other requests would only be refused too.
    if (error.status === 401) throw new PermanentFailure(error.message, { cause: error });
    if (error.status === 402) throw new PermanentFailure(planRefusalText(error), { cause: error });
    if (error.fate === 'unknown') return await settleByReading(client, ids, wanted, error);
    if (error.isTransient) for (const id of ids) transient.add(id);
    const isMaybeOneId = error.status === 400 || error.status === 404 || error.status === 422;
    if (isMaybeOneId) return await withoutTheMissing(client, ids, wanted, transient, error);
    throw asChangeFailure(error);
  }
}

/**
 * What Clerk does with an unknown id or a partial failure is stated nowhere: those it did not answer in the wanted
 * state are read again. Those it did answer are done, whatever comes of that reading.
 */
async function compare(
  client: ClerkClient,
  ids: readonly string[],
  answered: ReadonlySet<string>,
  wanted: boolean,
  transient: Set<string>,
): Promise<Answers> {
  const answers: Answers = new Map();
  const unanswered = ids.filter((id) => !answered.has(id));
  if (unanswered.length === 0) return answers;
  const now = await readUsers(client, unanswered).catch((error: unknown) => messageOf(error));
  for (const id of unanswered) {
    if (typeof now === 'string') {
      const error = `Clerk answered 200 without this user, and then could not be asked: ${now}`;
      answers.set(id, { outcome: 'unknown', error });
      continue;
    }
    const user = now.get(id);
    if (user === undefined) answers.set(id, { outcome: 'failed', error: NO_SUCH_USER });
    else if (user.banned !== wanted) {
      transient.add(id);
      answers.set(id, { outcome: 'failed', error: 'Clerk answered 200 without this user, and nothing changed' });
    }
  }
  return answers;
}

/** The answer was lost for good: what the users' state shows is what counts. */
async function settleByReading(
  client: ClerkClient,
  ids: readonly string[],
  wanted: boolean,
  lost: ClerkCallError,
): Promise<Answers> {
  const now = await readUsers(client, ids).catch(() => undefined);
  const answers: Answers = new Map();
  for (const id of ids) {
    if (now?.get(id)?.banned !== wanted) answers.set(id, { outcome: 'unknown', error: lost.message });
  }
  return answers;
}

/** A whole request is refused, perhaps over one id that is gone since it was read: once more without such. */
async function withoutTheMissing(
  client: ClerkClient,
  ids: readonly string[],
  wanted: boolean,
  transient: Set<string>,
  refusal: ClerkCallError,
): Promise<Answers> {
  const now = await readUsers(client, ids).catch(() => undefined);
  if (now === undefined) throw asChangeFailure(refusal);
  const answers: Answers = new Map();
  for (const id of ids) if (!now.has(id)) answers.set(id, { outcome: 'failed', error: NO_SUCH_USER });
  const open = ids.filter((id) => now.has(id) && now.get(id)?.banned !== wanted);
  const failAll = (error: string): Answers => {
    for (const id of open) answers.set(id, { outcome: 'failed', error });
    return answers;
  };
  if (open.length === 0) return answers;
  if (open.length === ids.length) return failAll(refusal.message);
  try {
    const again = await compare(client, open, await setBanned(client, open, wanted), wanted, transient);
    for (const [id, answer] of again) answers.set(id, answer);
    return answers;
  } catch (error) {
    if (!(error instanceof ClerkCallError)) throw error;
    if (error.fate === 'unknown') {
      const settled = await settleByReading(client, open, wanted, error);
      for (const [id, answer] of settled) answers.set(id, answer);
      return answers;
    }
    if (error.isTransient) for (const id of open) transient.add(id);
    return failAll(error.message);
  }
}

function planRefusalText(refusal: ClerkCallError): string {
  return (
    `${refusal.message}. The plan of this Clerk instance does not include banning. Fall back to set_compromised with ` +
    'revoke_all_sessions for each user: it ends every session, and asks for a new password where the instance forces that'
  );
}
