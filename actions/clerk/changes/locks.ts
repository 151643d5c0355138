// The lock of users: what clerk.lock-users and clerk.unlock-users share.
import { type ActionContext, isJsonObject, type Undo } from '../../../engine/action.ts';
import { CLERK_CONCURRENCY, type ClerkClient, clerkClient, notJson } from '../api/client.ts';
import { chunksOf, mapConcurrent } from '../api/concurrency.ts';
import { distinct } from '../schemas.ts';
import { countsOf } from './outcomes.ts';
import { markEach } from './user-marks.ts';

/** GET /users: at most 100 `user_id` values a request. */
const IDS_PER_REQUEST = 100;

export interface LockResult {
  readonly changed: number;
  readonly already: number;
  readonly failed: string[];
  /** The shortest of the locks that hold at the end, those from before included; absent where all hold for ever. */
  readonly expiresInSeconds?: number;
}

/**
 * Reads who is locked, then sets or lifts the lock of those who differ: one call a user. Counts over all attempts.
 * @throws as markEach
 */
export async function setLocks(
  users: readonly string[],
  ctx: ActionContext,
  to: { readonly locked: boolean; readonly verb: string; readonly undo: Undo },
): Promise<LockResult> {
  const client = await clerkClient(ctx);
  const ids = distinct(users);
  const known = await readLocks(client, ids);
  const unknownIds = ids.filter((id) => !known.has(id));
  if (unknownIds.length > 0) ctx.log(`Clerk knows no user of this id: ${unknownIds.join(', ')}`);
  const sdk = client.sdk.users;
  await markEach(ctx, client, {
    kind: 'user',
    verb: to.verb,
    after: { locked: to.locked },
    undo: to.undo,
    call: to.locked ? 'POST /users/{id}/lock' : 'POST /users/{id}/unlock',
    targets: ids.flatMap((id) => {
      const user = known.get(id);
      return user === undefined ? [] : [{ id, before: { locked: user.locked } }];
    }),
    mark: (id) => (to.locked ? sdk.lockUser(id) : sdk.unlockUser(id)),
    holds: async (id) => (await readLocks(client, [id])).get(id)?.locked === to.locked,
  });
  const { done, already, failed } = countsOf(ctx, 'user', to.verb);
  // Read at the end: an answer that was lost, and a lock from before that ends soon, would be hidden otherwise.
  const now = ctx.planning || !to.locked ? known : await readLocks(client, ids);
  const seconds = [...now.values()].flatMap(({ expiresInSeconds: left }) => (left === undefined ? [] : [left]));
  return {
    changed: done,
    already,
    failed: [...unknownIds, ...failed].sort(),
    ...(seconds.length === 0 ? {} : { expiresInSeconds: Math.min(...seconds) }),
  };
}

interface Lock {
  readonly locked: boolean;
  /** undefined: not locked, or for ever. */
  readonly expiresInSeconds: number | undefined;
}

/** Of those that exist: `locked` and `lockout_expires_in_seconds` (schema User; null while locked: for ever). */
async function readLocks(client: ClerkClient, ids: readonly string[]): Promise<ReadonlyMap<string, Lock>> {
  const pages = await mapConcurrent(chunksOf(ids, IDS_PER_REQUEST), CLERK_CONCURRENCY, async (chunk) => {
    const call = { name: 'GET /users', target: `${chunk.length} users from ${chunk[0] ?? 'none'}`, isRepeatable: true };
    const query = [...chunk.map((id) => ['user_id', id] as const), ['limit', String(chunk.length)] as const];
    return await client.read(call, async () => {
      const body = await client.request(call, { method: 'GET', path: '/users', query });
      if (!Array.isArray(body)) throw notJson(call);
      return body.map((user): [string, Lock] => {
        if (!isJsonObject(user) || typeof user.id !== 'string') throw notJson(call);
        const { locked, lockout_expires_in_seconds: seconds } = user;
        return [
          user.id,
          { locked: locked === true, expiresInSeconds: typeof seconds === 'number' ? seconds : undefined },
        ];
      });
    });
  });
  return new Map(pages.flat());
}
