import {
  type ActionContext,
  type ChangeResult,
  defineAction,
  type Target,
  type TargetAnswer,
} from '../../engine/action.ts';
import { asChangeFailure } from './call-error.ts';
import { CLERK_CONCURRENCY, CLERK_ENV, CLERK_SECRETS, type ClerkClient, clerkClient } from './client.ts';
import { mapConcurrent } from './concurrency.ts';
import { describeClerk } from './describe.ts';
import { distinct, USERS } from './schemas.ts';
import { type ClerkSession, isOpen, listSessions, revokeSession } from './sessions.ts';

/** Listing and revoking again: each round but the first is there for sessions begun meanwhile. */
const MAX_ROUNDS = 5;
const KIND = 'session';
const VERB = 'revoke';

export default defineAction({
  name: 'clerk.revoke-sessions',
  title: 'Revoke all sessions of users',
  description:
    "Ends every active and pending session of the given users: lists each user's sessions to the end of the pages, " +
    'revokes those that are open, and lists again until none is left. Sessions cannot be brought back. ' +
    'Tokens already issued verify without Clerk until they expire (about a minute for session tokens), and a user ' +
    'who is not banned can sign in again.',
  effect: 'destructive',
  idempotent: true,
  input: {
    type: 'object',
    properties: { users: USERS },
    required: ['users'],
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      users: { type: 'integer', description: 'Users whose sessions were listed' },
      revoked: { type: 'integer', description: 'Sessions that this step ended, over all attempts' },
      alreadyEnded: { type: 'integer', description: 'Sessions that had ended by themselves before the revoke arrived' },
      remaining: { type: 'integer', description: 'Sessions still open at the end: protected or skipped on purpose' },
    },
    required: ['users', 'revoked', 'alreadyEnded', 'remaining'],
    additionalProperties: false,
  },
  secrets: CLERK_SECRETS,
  env: CLERK_ENV,
  describe: describeClerk,
  async run({ users }, ctx) {
    const client = await clerkClient(ctx);
    const ids = distinct(users);
    const remaining = await revokeUntilNoneIsLeft(client, ctx, ids);
    const outcomes = ownChanges(ctx).map((change) => change.outcome);
    return {
      users: ids.length,
      revoked: outcomes.filter((outcome) => outcome === 'done').length,
      alreadyEnded: outcomes.filter((outcome) => outcome === 'already').length,
      remaining,
    };
  },
});

/** @returns how many sessions stay open on purpose. @throws where any other is left. */
async function revokeUntilNoneIsLeft(
  client: ClerkClient,
  ctx: ActionContext,
  users: readonly string[],
): Promise<number> {
  const allowed = new Set(await ctx.expect({ kind: 'user', ids: users, verb: 'revoke sessions of' }));
  // Changes whose answer an earlier attempt lost. Ended by now, they are in no list of open sessions: settle them too.
  let inDoubt = ownChanges(ctx).filter((change) => change.outcome === 'unknown');
  let open = await listOpen(client, ctx, users);
  for (let round = 1; round <= MAX_ROUNDS; round++) {
    const targets = toTargets(openToUs(ctx, open, allowed), inDoubt);
    if (targets.length === 0) return open.length;
    const results = await revokeAll(client, ctx, targets, new Set(inDoubt.map((change) => change.id)));
    if (ctx.planning) return open.length;
    inDoubt = results.filter((result) => result.outcome === 'unknown');
    open = await listOpen(client, ctx, distinct(open.map((session) => session.userId)));
    if (!results.some((result) => result.outcome === 'done' || result.outcome === 'already')) break;
  }
  const left = openToUs(ctx, open, allowed);
  if (left.length === 0 && inDoubt.length === 0) return open.length;
  const reason = ownChanges(ctx).find((change) => change.error !== undefined)?.error;
  const numbers = `${left.length} sessions are still open, ${inDoubt.length} revokes in doubt`;
  throw new Error(`${numbers} at the end${reason === undefined ? '' : `. ${reason}`}`);
}

async function listOpen(client: ClerkClient, ctx: ActionContext, users: readonly string[]): Promise<ClerkSession[]> {
  let listed = 0;
  const lists = await mapConcurrent(users, CLERK_CONCURRENCY, async (user) => {
    const sessions = await listSessions(client, user);
    listed++;
    ctx.progress(listed, users.length, 'users listed');
    return sessions.filter(isOpen);
  });
  return lists.flat();
}

function toTargets(open: readonly ClerkSession[], inDoubt: readonly ChangeResult[]): Omit<Target, 'kind'>[] {
  const targets = new Map<string, Omit<Target, 'kind'>>();
  for (const { id, owner, before } of inDoubt) {
    targets.set(id, { id, ...(owner === undefined ? {} : { owner }), ...(before === undefined ? {} : { before }) });
  }
  for (const { id, userId, status } of open) {
    targets.set(id, { id, owner: { kind: 'user', id: userId }, before: { status }, attributes: { userId } });
  }
  return [...targets.values()];
}

async function revokeAll(
  client: ClerkClient,
  ctx: ActionContext,
  targets: readonly Omit<Target, 'kind'>[],
  inDoubt: ReadonlySet<string>,
): Promise<readonly ChangeResult[]> {
  let ended = 0;
  return await ctx.changes(
    { kind: KIND, verb: VERB, after: { status: 'revoked' }, targets, batch: 1, concurrency: CLERK_CONCURRENCY },
    async (chunk) => {
      const answers = new Map<string, TargetAnswer>();
      for (const { id } of chunk) {
        try {
          const how = await revokeSession(client, id);
          // Over before this call, with an intent of ours on record: it was ours.
          answers.set(id, { outcome: how === 'revoked' || inDoubt.has(id) ? 'done' : 'already' });
        } catch (error) {
          throw asChangeFailure(error);
        }
        ended++;
        ctx.progress(ended, targets.length, 'sessions');
      }
      return answers;
    },
  );
}

function ownChanges(ctx: ActionContext): ChangeResult[] {
  return ctx.ledger().filter((change) => change.kind === KIND && change.verb === VERB);
}

function openToUs(ctx: ActionContext, open: readonly ClerkSession[], users: ReadonlySet<string>): ClerkSession[] {
  const held = heldIds(ctx);
  return open.filter((session) => users.has(session.userId) && !held.has(session.id));
}

/** Left alone on purpose, by protection or by a person. */
function heldIds(ctx: ActionContext): Set<string> {
  const held = ownChanges(ctx).filter((change) => change.outcome === 'protected' || change.outcome === 'skipped');
  return new Set(held.map((change) => change.id));
}
