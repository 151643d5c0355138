// Lists of users, as the Backend API gives them. Beside the SDK: its getUserList sends two requests a page.
import { isJsonObject, type Json, type JsonObject } from '../../../engine/action.ts';
import { type ClerkCall, ClerkCallError } from './call-error.ts';
import { CLERK_CONCURRENCY, type ClerkClient, notJson } from './client.ts';
import { chunksOf, mapConcurrent } from './concurrency.ts';

/** GET /users: `limit` 1..500. */
const USERS_PER_PAGE = 500;
/** GET /users: at most 100 `user_id` values a request. */
const USER_IDS_PER_REQUEST = 100;
const DAY_MS = 86_400_000;

export interface ClerkUser {
  readonly id: string;
  readonly banned: boolean;
  readonly locked: boolean;
  readonly createdAt: number;
  readonly lastActiveAt: number | undefined;
  readonly emails: readonly string[];
  readonly username: string | undefined;
  readonly externalId: string | undefined;
  readonly publicMetadata: JsonObject;
  readonly privateMetadata: JsonObject;
}

/** Those of `ids` that exist, 100 a request: Clerk leaves unknown ids out of the answer. */
export async function readUsers(client: ClerkClient, ids: readonly string[]): Promise<Map<string, ClerkUser>> {
  const pages = await mapConcurrent(chunksOf(ids, USER_IDS_PER_REQUEST), CLERK_CONCURRENCY, (chunk) =>
    readPage(client, `${chunk.length} users from ${chunk[0] ?? 'none'}`, [
      ...chunk.map((id) => ['user_id', id] as const),
      ['limit', String(chunk.length)],
    ]),
  );
  return new Map(pages.flat().map((user) => [user.id, user]));
}

/**
 * All users, oldest first, so that those who sign up during the walk come at its end; with a cursor, so that rows
 * neither shift nor get slower with depth.
 * @param activeSince milliseconds. Clerk's filter has the precision of a day: the start of that UTC day is sent,
 * less 1 ms, and sessions are judged by their own times afterwards.
 */
export function walkUsers(client: ClerkClient, activeSince: number | undefined): AsyncGenerator<ClerkUser[]> {
  return walkUsersWhere(client, activeSinceFilter(activeSince));
}

/** The same with any filters of GET /users. */
export async function* walkUsersWhere(
  client: ClerkClient,
  filter: readonly (readonly [string, string])[],
): AsyncGenerator<ClerkUser[]> {
  let start: readonly (readonly [string, string])[] = [];
  let lastPage: readonly ClerkUser[] = [];
  let isCursorSuspect = false;
  for (;;) {
    const last = lastPage.at(-1);
    const after = last === undefined || isCursorSuspect ? [] : [['starting_after', last.id] as const];
    const query = [
      ...filter.filter(([name]) => start.every(([taken]) => taken !== name)),
      ...start,
      ['order_by', 'created_at'] as const,
      ['limit', String(USERS_PER_PAGE)] as const,
    ];
    const page = await pageOrLostCursor(client, [...query, ...after], after.length > 0);
    if (page === 'lost-cursor') {
      if (last === undefined) return;
      // The cursor's user was deleted meanwhile: go on by time, one millisecond earlier, and drop what was seen.
      start = [['created_at_after', String(last.createdAt - 1)]];
      isCursorSuspect = true;
      continue;
    }
    const seen = new Set(lastPage.map((user) => user.id));
    const fresh = page.filter((user) => !seen.has(user.id));
    if (isCursorSuspect && fresh.length === 0 && page.length === USERS_PER_PAGE) {
      throw new Error(`Clerk: GET /users: cannot get past user ${last?.id ?? 'none'}, who was deleted during the walk`);
    }
    if (fresh.length > 0) yield fresh;
    if (page.length < USERS_PER_PAGE) return;
    lastPage = page;
    isCursorSuspect = false;
  }
}

/** How many users a walk will meet: one request. */
export async function countUsers(client: ClerkClient, activeSince: number | undefined): Promise<number> {
  const call = { name: 'GET /users/count', isRepeatable: true };
  const body = await client.read(call, () =>
    client.request(call, { method: 'GET', path: '/users/count', query: activeSinceFilter(activeSince) }),
  );
  if (!isJsonObject(body) || typeof body.total_count !== 'number') throw notJson(call);
  return body.total_count;
}

/**
 * POST /users/ban or /users/unban, up to 50 ids: no method in the SDK.
 * @returns the ids that Clerk answered in the wanted state.
 * @throws ClerkCallError
 */
export async function setBanned(client: ClerkClient, ids: readonly string[], wanted: boolean): Promise<Set<string>> {
  const path = wanted ? '/users/ban' : '/users/unban';
  const call: ClerkCall = {
    name: `POST ${path}`,
    target: ids.length === 1 ? `user ${ids[0]}` : `${ids.length} users from ${ids[0] ?? 'none'}`,
    isRepeatable: true,
  };
  return await client.send(call, async () => {
    const body = await client.request(call, { method: 'POST', path, body: { user_ids: ids } });
    const users = parseUsers(call, body);
    return new Set(users.filter((user) => user.banned === wanted).map((user) => user.id));
  });
}

export function activeSinceFilter(activeSince: number | undefined): (readonly [string, string])[] {
  if (activeSince === undefined) return [];
  return [['last_active_at_after', String(Math.floor(activeSince / DAY_MS) * DAY_MS - 1)]];
}

/** A page, or the news that the cursor's user is gone (the file is silent on how Clerk says it: a 4xx, or nothing). */
async function pageOrLostCursor(
  client: ClerkClient,
  query: readonly (readonly [string, string])[],
  hasCursor: boolean,
): Promise<ClerkUser[] | 'lost-cursor'> {
  try {
    const page = await readPage(client, undefined, query);
    return hasCursor && page.length === 0 ? 'lost-cursor' : page;
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined;
    const isRefused =
      cause instanceof ClerkCallError && (cause.status === 400 || cause.status === 404 || cause.status === 422);
    if (hasCursor && isRefused) return 'lost-cursor';
    throw error;
  }
}

async function readPage(
  client: ClerkClient,
  target: string | undefined,
  query: readonly (readonly [string, string])[],
): Promise<ClerkUser[]> {
  const call = { name: 'GET /users', isRepeatable: true, ...(target === undefined ? {} : { target }) };
  return await client.read(call, async () =>
    parseUsers(call, await client.request(call, { method: 'GET', path: '/users', query })),
  );
}

function parseUsers(call: ClerkCall, body: Json): ClerkUser[] {
  const list = isJsonObject(body) ? body.data : body;
  if (!Array.isArray(list)) throw notJson(call);
  return list.map((item) => parseUser(call, item));
}

function parseUser(call: ClerkCall, item: Json): ClerkUser {
  if (!isJsonObject(item) || typeof item.id !== 'string' || typeof item.banned !== 'boolean') throw notJson(call);
  const addresses = Array.isArray(item.email_addresses) ? item.email_addresses : [];
  return {
    id: item.id,
    banned: item.banned,
    locked: item.locked === true,
    createdAt: typeof item.created_at === 'number' ? item.created_at : 0,
    lastActiveAt: typeof item.last_active_at === 'number' ? item.last_active_at : undefined,
    emails: addresses.flatMap((one) =>
      isJsonObject(one) && typeof one.email_address === 'string' ? [one.email_address] : [],
    ),
    username: typeof item.username === 'string' ? item.username : undefined,
    externalId: typeof item.external_id === 'string' ? item.external_id : undefined,
    publicMetadata: isJsonObject(item.public_metadata) ? item.public_metadata : {},
    privateMetadata: isJsonObject(item.private_metadata) ? item.private_metadata : {},
  };
}
