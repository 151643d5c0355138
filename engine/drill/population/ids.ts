// Ids with Clerk's shape (`user_` and 27 word characters: Clerk Backend API 2026-05-12, pattern ^user_\w{27}$) that carry
// their own index: reading an id back to its user needs no table, even in a world of a million.
import { draw, fromWord, randomWord, SHUFFLE_SIZE, STREAM, shuffle, toWord, unshuffle } from '../random.ts';

const INDEX_LENGTH = 5;
const SESSION_INDEX_LENGTH = 2;
/** Sessions one user can have in the seeded world: what two word characters hold, cut to a power of two. */
export const MAX_SESSIONS_PER_USER = 2048;

/** `2` as in today's real ids, the shuffled index, and 21 characters that only this seed and index give. */
export function userIdAt(seed: number, user: number): string {
  const index = toWord(shuffle(user, seed, STREAM.userId), INDEX_LENGTH);
  return `user_2${index}${randomWord(21, seed, STREAM.userId, user, 1)}`;
}

/** The user's index, or undefined for an id that no user of this seed has. */
export function userIndexOf(seed: number, id: string): number | undefined {
  if (id.length !== 32 || !id.startsWith('user_2')) return undefined;
  const shuffled = fromWord(id.slice(6, 6 + INDEX_LENGTH));
  if (shuffled === undefined || shuffled >= SHUFFLE_SIZE) return undefined;
  const user = unshuffle(shuffled, seed, STREAM.userId);
  return userIdAt(seed, user) === id ? user : undefined;
}

function sessionMask(seed: number, user: number): number {
  return draw(seed, STREAM.sessionIndex, user) % MAX_SESSIONS_PER_USER;
}

/** The id of session `index` of a user. */
export function sessionIdAt(seed: number, user: number, index: number): string {
  const owner = toWord(shuffle(user, seed, STREAM.sessionId), INDEX_LENGTH);
  const own = toWord(index ^ sessionMask(seed, user), SESSION_INDEX_LENGTH);
  return `sess_2${owner}${own}${randomWord(19, seed, STREAM.sessionId, user, index + 1)}`;
}

/** Owner and index of a session, or undefined for an id that no session of this seed has. */
export function sessionIndexOf(seed: number, id: string): { user: number; index: number } | undefined {
  if (id.length !== 32 || !id.startsWith('sess_2')) return undefined;
  const shuffled = fromWord(id.slice(6, 6 + INDEX_LENGTH));
  const masked = fromWord(id.slice(6 + INDEX_LENGTH, 6 + INDEX_LENGTH + SESSION_INDEX_LENGTH));
  if (shuffled === undefined || masked === undefined) return undefined;
  if (shuffled >= SHUFFLE_SIZE || masked >= MAX_SESSIONS_PER_USER) return undefined;
  const user = unshuffle(shuffled, seed, STREAM.sessionId);
  const index = masked ^ sessionMask(seed, user);
  return sessionIdAt(seed, user, index) === id ? { user, index } : undefined;
}

/** An id with another prefix (`idn_`, `client_`, `activity_`): 27 word characters that need no way back. */
export function plainId(prefix: string, seed: number, stream: number, n: number, k = 0): string {
  return `${prefix}_2${randomWord(26, seed, stream, n, k)}`;
}
