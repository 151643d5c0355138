// A user's metadata: deep merge, `null` removes a key at any level.
import { isJsonObject, type Json, type JsonObject, jsonEquals } from '../../json.ts';
import type { Population } from '../population/population.ts';
import { note, type UserFold } from './on-user.ts';
import { METADATA_KINDS, type MetadataKind, type UserChange } from './user-change.ts';

/** Deep-merged into what is there; `null` removes a key. */
export type MetadataPatch = { readonly [kind in MetadataKind]?: JsonObject };

/** Metadata a user has before anything changed: only the decoys carry any, a hint for whoever looks. */
function seededMetadata(population: Population, user: number, kind: MetadataKind): JsonObject {
  if (kind !== 'private_metadata' || population.roleOf(user) !== 'decoy') return {};
  return { travel: 'On a business trip, registered with the travel desk' };
}

export function metadataOf(
  population: Population,
  user: number,
  change: UserChange | undefined,
  kind: MetadataKind,
): JsonObject {
  return change?.metadata?.[kind] ?? seededMetadata(population, user, kind);
}

export function mergeMetadata(fold: UserFold, patch: MetadataPatch): boolean {
  const { context, user, change, at } = fold;
  let isChanged = false;
  for (const kind of METADATA_KINDS) {
    const part = patch[kind];
    if (part === undefined) continue;
    const before = metadataOf(context.population, user, change, kind);
    const after = mergeDeep(before, part);
    if (jsonEquals(before, after)) continue;
    change.metadata = { ...change.metadata, [kind]: after };
    isChanged = true;
  }
  return isChanged && note(fold, { at, kind: 'metadata-changed' });
}

/** Clerk Backend API 2026-05-12, PATCH /users/{user_id}/metadata: nested objects merge, `null` removes a key at any level. */
function mergeDeep(base: JsonObject, patch: JsonObject): JsonObject {
  const merged = new Map<string, Json>(Object.entries(base));
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) merged.delete(key);
    else if (isJsonObject(value)) {
      const inner = merged.get(key);
      merged.set(key, mergeDeep(isJsonObject(inner) ? inner : {}, value));
    } else merged.set(key, value);
  }
  return Object.fromEntries(merged);
}
