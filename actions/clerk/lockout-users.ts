import {
  type ActionContext,
  type ChangeResult,
  defineAction,
  messageOf,
  Paused,
  PermanentFailure,
  RunbookError,
} from '../../engine/action.ts';
import { ClerkCallError } from './api/call-error.ts';
import { CLERK_ENV, CLERK_SECRETS, type ClerkClient, clerkClient } from './api/client.ts';
import type { ClerkUser } from './api/users.ts';
import { readBeforeBans, setBanMarks, throwIfNobody } from './changes/ban.ts';
import { endSessionsOf } from './changes/end-sessions.ts';
import { compromisePasswords } from './changes/passwords.ts';
import { describeClerk } from './readers/describe.ts';
import { distinct, USERS_INPUT } from './schemas.ts';

export default defineAction({
  name: 'clerk.lockout-users',
  title: 'Lock users out, with proof',
  description: [
    'Bans users, 50 a request, which also ends their sessions; then lists the sessions of each, and revokes what is still',
    'open, until none is left: one request a user for the proof.',
    'Where the plan of the instance refuses bans (402), it marks their passwords as compromised instead and ends all',
    'sessions with the same request. `way` says which it was. That is weaker: it asks for a new password at the next sign-in,',
    'as far as the instance forces that, and does not stop who signs in without a password.',
    'One user whom Clerk refuses or does not list stops nobody else; the step fails at its end where sessions are not proved closed.',
    'Tokens already issued verify without Clerk until they expire (about a minute for session tokens).',
    'The undo lifts the bans, or takes the marks off; sessions cannot be brought back.',
  ].join('\n'),
  effect: 'destructive',
  idempotent: true,
  isUndoable: true,
  input: USERS_INPUT,
  output: {
    type: 'object',
    properties: {
      way: { enum: ['ban', 'password'], description: 'How: banned, or (where the plan refuses that) by the password' },
      users: { type: 'integer', description: 'Users given, once each' },
      lockedOut: { type: 'integer', description: 'Users whom this step banned or marked, over all attempts' },
      already: { type: 'integer', description: 'Users who were banned before' },
      failed: {
        type: 'array',
        items: { type: 'string' },
        description: 'Ids that Clerk refused or does not know. Where that is all of them the step fails',
      },
      revoked: {
        type: 'integer',
        description: 'Sessions that were still open after that, and that this step revoked one by one',
      },
      proved: {
        type: 'integer',
        description: 'Users who are locked out, and of whom a listing showed that no session is open',
      },
      leftovers: {
        type: 'array',
        description: 'Users with sessions that stay open on purpose: protected or skipped',
        items: {
          type: 'object',
          properties: { user: { type: 'string' }, sessions: { type: 'integer' } },
          required: ['user', 'sessions'],
          additionalProperties: false,
        },
      },
    },
    required: ['way', 'users', 'lockedOut', 'already', 'failed', 'revoked', 'proved', 'leftovers'],
    additionalProperties: false,
  },
  secrets: CLERK_SECRETS,
  env: CLERK_ENV,
  describe: describeClerk,
  async run({ users }, ctx) {
    const client = await clerkClient(ctx);
    const ids = distinct(users);
    const known = await readBeforeBans(client, ids);
    const allowed = await ctx.expect({ kind: 'user', ids, verb: 'lock out' });
    const ban = await lockOut(ctx, client, allowed, known).catch((error: unknown) => notLockedOut(ctx, error));
    if (ctx.planning) {
      if ('stopped' in ban) throw ban.stopped;
      // The lockout itself ends the sessions: what is left after it, only the run can tell. Their users are in the plan.
      return { ...ban, users: ids.length, revoked: 0, proved: 0, leftovers: [] };
    }
    const { held, revoked, unknown } = await endSessionsOf(client, ctx, ids, new Set(allowed));
    if ('stopped' in ban) throw ban.stopped;
    const counts = new Map<string, number>();
    for (const { owner } of held) counts.set(owner.id, (counts.get(owner.id) ?? 0) + 1);
    const out = lockedOutIds(ctx);
    for (const id of [...counts.keys(), ...unknown]) out.delete(id);
    return {
      ...ban,
      users: ids.length,
      revoked,
      proved: ids.filter((id) => out.has(id)).length,
      leftovers: [...counts].map(([user, sessions]) => ({ user, sessions })),
    };
  },
});

interface Lockout {
  readonly way: 'ban' | 'password';
  readonly lockedOut: number;
  readonly already: number;
  readonly failed: string[];
}

/** The sessions of those who could not be locked out are ended all the same; then the step fails. */
function notLockedOut(ctx: ActionContext, error: unknown): { readonly stopped: unknown } {
  // A person must decide first, or nothing of the step may go on.
  if (ctx.signal.aborted || error instanceof Paused || error instanceof RunbookError) throw error;
  ctx.log(`Not everybody is locked out, and all sessions are ended nevertheless: ${messageOf(error)}`);
  return { stopped: error };
}

/** Over all attempts: banned by this step or before, or marked. */
function lockedOutIds(ctx: ActionContext): Set<string> {
  const isLockout = ({ kind, outcome }: ChangeResult): boolean =>
    (kind === 'user' || kind === 'password') && (outcome === 'done' || outcome === 'already');
  return new Set(
    ctx
      .ledger()
      .filter(isLockout)
      .map(({ id }) => id),
  );
}

async function lockOut(
  ctx: ActionContext,
  client: ClerkClient,
  users: readonly string[],
  known: ReadonlyMap<string, ClerkUser>,
): Promise<Lockout> {
  const undo = { uses: 'clerk.unban-users', each: 'users' };
  try {
    const result = await setBanMarks(users, ctx, { banned: true, verb: 'ban', undo, known });
    throwIfNobody(ctx, result, 'locked out');
    return { way: 'ban', lockedOut: result.changed, already: result.already, failed: result.failed };
  } catch (error) {
    if (!isPlanRefusal(error)) throw error;
    ctx.log('The plan of this Clerk instance refuses bans (402): marking the passwords as compromised instead');
  }
  const already = ctx.ledger().filter(({ verb, outcome }) => verb === 'ban' && outcome === 'already');
  const banned = new Set(already.map(({ id }) => id));
  const rest = users.filter((id) => !banned.has(id));
  const { done, failed } = await compromisePasswords(ctx, client, rest, true);
  throwIfNobody(ctx, { changed: done, already: banned.size, failed }, 'locked out');
  return { way: 'password', lockedOut: done, already: banned.size, failed };
}

function isPlanRefusal(error: unknown): boolean {
  return error instanceof PermanentFailure && error.cause instanceof ClerkCallError && error.cause.status === 402;
}
