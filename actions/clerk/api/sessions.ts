// A user's sessions, through the SDK: each of its methods here sends one request.
import { type ClerkCall, ClerkCallError } from './call-error.ts';
import { type ClerkClient, notJson } from './client.ts';

/** GET /sessions: `limit` 1..500 (the default of 10 is why the eleventh session of a naive script stays active). */
const SESSIONS_PER_PAGE = 500;
/** A user with more sessions than this is no user; the bound keeps a broken pager from turning for ever. */
const MAX_PAGES = 200;

export interface ClerkSession {
  readonly id: string;
  readonly userId: string;
  /** `active`, `pending`, `revoked`, `ended`, `expired`, `removed`, `abandoned`, `replaced`. */
  readonly status: string;
  readonly lastActiveAt: number;
  readonly createdAt: number;
  /** Of its latest activity; Clerk keeps no earlier ones. */
  readonly country: string | undefined;
  readonly city: string | undefined;
  readonly ip: string | undefined;
  /** As the browser calls itself: `Macintosh`, `iPhone`. */
  readonly device: string | undefined;
  /** `Chrome`, `HeadlessChrome`. */
  readonly browser: string | undefined;
  /** Who acts as the user, where the session was begun by impersonation. */
  readonly actor: string | undefined;
}

/** Its holder is, or once a task is done will be, signed in. */
export function isOpen(session: { readonly status: string }): boolean {
  return session.status === 'active' || session.status === 'pending';
}

/** Milliseconds as RFC 3339; undefined for what is no time. */
export function isoTime(ms: number): string | undefined {
  const time = new Date(ms);
  return Number.isNaN(time.getTime()) || ms <= 0 ? undefined : time.toISOString();
}

/**
 * All sessions of a user to the end of the pages, whatever their status: the status filter knows no `pending`.
 * Pages go by offset (there is no cursor), so a session may come twice: once is kept.
 */
export async function listSessions(client: ClerkClient, userId: string): Promise<ClerkSession[]> {
  const call: ClerkCall = { name: 'GET /sessions', target: `user ${userId}`, isRepeatable: true };
  const found = new Map<string, ClerkSession>();
  for (let page = 0; page < MAX_PAGES; page++) {
    const sessions = await client.read(call, async () => {
      const params = { userId, limit: SESSIONS_PER_PAGE, offset: page * SESSIONS_PER_PAGE };
      const answer: unknown = await client.sdk.sessions.getSessionList(params);
      return parseSessions(call, answer);
    });
    for (const session of sessions) found.set(session.id, session);
    if (sessions.length < SESSIONS_PER_PAGE) return [...found.values()];
  }
  throw new ClerkCallError(call, { text: `more than ${MAX_PAGES * SESSIONS_PER_PAGE} sessions` });
}

/** One session, or null where Clerk knows none of this id. */
export async function readSession(client: ClerkClient, id: string): Promise<ClerkSession | null> {
  const call: ClerkCall = { name: 'GET /sessions/{id}', target: `session ${id}`, isRepeatable: true };
  try {
    return await client.send(call, async () => parseSession(call, await client.sdk.sessions.getSession(id)));
  } catch (error) {
    if (error instanceof ClerkCallError && error.status === 404) return null;
    throw error;
  }
}

/**
 * POST /sessions/{id}/revoke. What Clerk answers for a session that is over is stated nowhere (a 400 is listed), and
 * an answer may be lost for good: then the session itself is read.
 * @returns `revoked` where this call ended it, `over` where it had ended before.
 * @throws ClerkCallError
 */
export async function revokeSession(client: ClerkClient, id: string): Promise<'revoked' | 'over'> {
  const call: ClerkCall = { name: 'POST /sessions/{id}/revoke', target: `session ${id}`, isRepeatable: true };
  try {
    const session = await client.send(call, async () =>
      parseSession(call, await client.sdk.sessions.revokeSession(id)),
    );
    if (!isOpen(session)) return 'revoked';
    throw new ClerkCallError(call, { text: `the answer shows it still ${session.status}` });
  } catch (error) {
    if (!(error instanceof ClerkCallError)) throw error;
    const saysNothing = error.fate === 'unknown' || error.status === 400 || error.status === 404;
    if (!saysNothing) throw error;
    const session = await readSession(client, id).catch(() => undefined);
    if (session === undefined || (session !== null && isOpen(session))) throw error;
    // Where the answer to a try of ours was lost, it was that one.
    return error.fate === 'unknown' ? 'revoked' : 'over';
  }
}

function parseSessions(call: ClerkCall, answer: unknown): ClerkSession[] {
  // {data, totalCount} by the SDK's types; a bare array where Clerk answers by its OpenAPI file.
  const list = typeof answer === 'object' && answer !== null && 'data' in answer ? answer.data : answer;
  if (!Array.isArray(list)) throw notJson(call);
  return list.map((item) => parseSession(call, item));
}

/** The SDK returns a string, silently, for a 200 that is not exactly `application/json`: hence the checks. */
function parseSession(call: ClerkCall, value: unknown): ClerkSession {
  if (typeof value !== 'object' || value === null) throw notJson(call);
  const id = textAt(value, 'id');
  const userId = textAt(value, 'userId');
  const status = textAt(value, 'status');
  if (id === undefined || userId === undefined || status === undefined) throw notJson(call);
  const lastActiveAt: unknown = Reflect.get(value, 'lastActiveAt');
  const createdAt: unknown = Reflect.get(value, 'createdAt');
  const activity: unknown = Reflect.get(value, 'latestActivity');
  const place = typeof activity === 'object' && activity !== null ? activity : {};
  return {
    id,
    userId,
    status,
    lastActiveAt: typeof lastActiveAt === 'number' ? lastActiveAt : 0,
    createdAt: typeof createdAt === 'number' ? createdAt : 0,
    country: textAt(place, 'country'),
    city: textAt(place, 'city'),
    ip: textAt(place, 'ipAddress'),
    device: textAt(place, 'deviceType'),
    browser: textAt(place, 'browserName'),
    actor: actorOf(Reflect.get(value, 'actor')),
  };
}

/** Schema Session says only that it is an object, or null; that `sub` names who acts is the claim `act` of its tokens. */
function actorOf(actor: unknown): string | undefined {
  if (typeof actor !== 'object' || actor === null) return undefined;
  return textAt(actor, 'sub') ?? 'unknown';
}

function textAt(value: object, key: string): string | undefined {
  const found: unknown = Reflect.get(value, key);
  return typeof found === 'string' && found !== '' ? found : undefined;
}
