// The family's reader for what is no user, session or key: metadata of users, the blocklist, attack protection.
import type { ActionContext, Described, DescribedTargets } from '../../../engine/action.ts';
import { readBlocklist, sameAs } from '../api/blocklist.ts';
import { clerkClient } from '../api/client.ts';
import { readUsers } from '../api/users.ts';
import { BLOCKED_KIND } from '../changes/blocking.ts';
import { fieldOfKind, valueAt } from '../changes/metadata.ts';
import { PROTECT_KIND, readProtect } from '../changes/protect.ts';

/** undefined: a kind that this does not read. */
export async function describeSettings(
  kind: string,
  ids: readonly string[],
  ctx: ActionContext,
): Promise<DescribedTargets | undefined> {
  const field = fieldOfKind(kind);
  if (field !== undefined) {
    const users = await readUsers(await clerkClient(ctx), ids);
    return new Map(
      ids.map((id): [string, Described | null] => {
        const user = users.get(id);
        if (user === undefined) return [id, null];
        return [id, { attributes: {}, state: { value: valueAt(user, field) }, owner: { kind: 'user', id } }];
      }),
    );
  }
  if (kind === BLOCKED_KIND) {
    const rows = await readBlocklist(await clerkClient(ctx));
    // One that is not on the list is a target all the same. Who protects an address or a domain protects it from this too.
    return new Map(
      ids.map((id) => {
        const row = rows.get(sameAs(id));
        const state = row === undefined ? { blocked: false } : { blocked: true, row: row.id };
        return [id, { attributes: { emails: [id] }, state }] as const;
      }),
    );
  }
  if (kind === PROTECT_KIND) {
    const state = { ...(await readProtect(await clerkClient(ctx))) };
    return new Map(ids.map((id) => [id, { attributes: {}, state }] as const));
  }
  return undefined;
}
