// One field of users' metadata set to a value: deep merge, so that nothing beside it changes (Clerk Backend API 2026-05-12,
// PATCH /users/{id}/metadata; null removes).
import { type ActionContext, isJsonObject, type Json, type JsonObject } from '../../../engine/action.ts';
import type { ClerkClient } from '../api/client.ts';
import { type ClerkUser, readUsers } from '../api/users.ts';
import { distinct } from '../schemas.ts';
import { type Counts, countsOf } from './outcomes.ts';
import { markEach } from './user-marks.ts';

/** Unsafe metadata are no place for a flag: users write those themselves. */
export const METADATA_FIELD = {
  type: 'string',
  pattern: '^(private|public)Metadata(\\.[A-Za-z_][A-Za-z0-9_-]{0,63}){1,8}$',
  description: 'Where it stands, as privateMetadata.security.reverify',
} as const;

/** null: not there. */
export type FlagValue = string | number | boolean | null;
export const FLAG_VALUE = {
  type: ['string', 'number', 'boolean', 'null'],
  description: 'null takes it away',
} as const;

const VERB = 'set metadata';
const KIND_START = 'user-metadata ';

/** A kind of target for each field, whose id is the user's: so one undo takes back all users who had the same value. */
export function kindOfField(field: string): string {
  return `${KIND_START}${field}`;
}

export function fieldOfKind(kind: string): string | undefined {
  return kind.startsWith(KIND_START) ? kind.slice(KIND_START.length) : undefined;
}

/** The field and what is around it, outermost first: `privateMetadata.a`, `privateMetadata.a.b`, ... */
function pathsTo(field: string): readonly string[] {
  const names = field.split('.');
  return names.slice(1).map((_, index) => names.slice(0, index + 2).join('.'));
}

/** null where there is none. */
export function valueAt(user: ClerkUser, field: string): Json {
  const [first, ...path] = field.split('.');
  let at: Json | undefined = first === 'privateMetadata' ? user.privateMetadata : user.publicMetadata;
  for (const name of path) at = isJsonObject(at) && Object.hasOwn(at, name) ? at[name] : undefined;
  return at ?? null;
}

export interface MetadataSet extends Counts {
  /** Ids that Clerk knows no user of. */
  readonly unknown: readonly string[];
}

/**
 * Reads the earlier values, sets those that differ: one call a user. A value that is a list or an object is not overwritten.
 * @throws as markEach
 */
export async function setMetadata(
  ctx: ActionContext,
  client: ClerkClient,
  users: readonly string[],
  to: { readonly field: string; readonly value: FlagValue; readonly prune?: string | undefined },
): Promise<MetadataSet> {
  const { field, value, prune } = to;
  const ids = distinct(users);
  const known = await readUsers(client, ids);
  const kind = kindOfField(field);
  const groups = new Map<string, { readonly earlier: Earlier; readonly ids: string[] }>();
  const refused: string[] = [];
  for (const [id, user] of known) {
    const earlier = earlierOf(user, field);
    const name = JSON.stringify(earlier);
    const group = groups.get(name);
    if (earlier === undefined) refused.push(id);
    else if (group === undefined) groups.set(name, { earlier, ids: [id] });
    else group.ids.push(id);
  }
  if (refused.length > 0) ctx.log(`${field} holds more than one value, and is left alone: ${refused.join(', ')}`);
  for (const { earlier, ids: chunk } of groups.values()) {
    await markEach(ctx, client, {
      kind,
      verb: VERB,
      after: { value },
      undo: { uses: 'clerk.set-user-metadata', with: { field, ...earlier }, each: 'users' },
      call: 'PATCH /users/{id}/metadata',
      targets: chunk.map((id) => ({ id, owner: { kind: 'user', id }, before: { value: earlier.value } })),
      mark: (id) => {
        const user = known.get(id);
        const at = value === null && prune !== undefined && user !== undefined ? emptiedBy(user, field, prune) : field;
        return client.sdk.users.updateUserMetadata(id, patchFor(at, value));
      },
      holds: async (id) => {
        const user = (await readUsers(client, [id])).get(id);
        return user !== undefined && valueAt(user, field) === value;
      },
    });
  }
  const counts = countsOf(ctx, kind, VERB);
  return {
    ...counts,
    failed: [...counts.failed, ...refused].sort(),
    unknown: ids.filter((id) => !known.has(id)),
  };
}

/** What an undo has to say to restore it. */
interface Earlier {
  readonly value: FlagValue;
  /** The outermost that was not there, where setting the field made what is around it. */
  readonly prune?: string;
}

/** undefined: a list or an object stands there, or something else stands where an object must. */
function earlierOf(user: ClerkUser, field: string): Earlier | undefined {
  const value = valueAt(user, field);
  if (typeof value === 'object' && value !== null) return undefined;
  for (const path of pathsTo(field).slice(0, -1)) {
    const around = valueAt(user, path);
    if (around === null) return { value: null, prune: path };
    if (!isJsonObject(around)) return undefined;
  }
  return { value };
}

/** The outermost from `prune` on that holds nothing but the field. */
function emptiedBy(user: ClerkUser, field: string, prune: string): string {
  const from = pathsTo(field).filter((path) => path === prune || path.startsWith(`${prune}.`));
  const alone = from.find((_, index) =>
    from.slice(index, -1).every((path) => {
      const value = valueAt(user, path);
      return isJsonObject(value) && Object.keys(value).length === 1;
    }),
  );
  return alone ?? field;
}

/** The SDK's shape. */
function patchFor(field: string, value: FlagValue): { readonly [name: string]: JsonObject } {
  const [first = '', ...path] = field.split('.');
  const patch = path.reduceRight<Json>((inner, name) => ({ [name]: inner }), value);
  return { [first]: isJsonObject(patch) ? patch : {} };
}
