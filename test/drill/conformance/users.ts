// Users and their sessions, the instance and its key set.
import { liveSessionIds, must } from '../helpers.ts';
import { type Case, of, type Topic } from './case.ts';

const UNKNOWN_USER = 'user_2aaaaaaaaaaaaaaaaaaaaaaaaaa';
const UNKNOWN_SESSION = 'sess_2aaaaaaaaaaaaaaaaaaaaaaaaaa';
const MARKS = ['ban', 'unban', 'lock', 'unlock', 'password/set_compromised', 'password/unset_compromised'] as const;

export const usersTopic: Topic = {
  name: 'users and sessions',
  world: {
    compromised: { count: 4, manySessions: { users: 1, sessions: 27 }, pendingSessions: 1, impersonatedSessions: 1 },
  },
  cases: async (world) => {
    const live = world.facts().concerned.filter(({ role, liveSessions }) => role === 'compromised' && liveSessions > 0);
    const [victim, user] = [must(live[0]).id, must(live[1]).id];
    const session = must((await liveSessionIds(world, victim))[0]);
    const everyUsersSessions = live.map(({ id }) => of('GET', '/sessions', { query: `?user_id=${id}&limit=500` }));
    return [
      of('GET', '/users', { query: '?limit=500' }),
      of('GET', '/users', { query: '?limit=501', status: 422 }),
      of('GET', '/users', { query: '?limit=0', status: 422 }),
      of('GET', '/users', { query: '?offset=-1', status: 422 }),
      of('GET', '/users', { query: '?order_by=shoe_size', status: 422 }),
      of('GET', '/users', { query: `?starting_after=${victim}&order_by=-updated_at`, status: 422 }),
      of('GET', '/users', { query: `?starting_after=${victim}&offset=1`, status: 422 }),
      of('GET', '/users/count'),
      of('GET', '/users/count', { query: '?banned=maybe', status: 422 }),
      of('GET', '/users/{user_id}', { ids: [victim] }),
      of('GET', '/users/{user_id}', { ids: [UNKNOWN_USER], status: 404 }),
      ...everyUsersSessions,
      of('GET', '/sessions', { status: 422 }),
      of('GET', '/sessions', { query: `?user_id=${victim}&status=pending`, status: 422 }),
      of('GET', '/sessions/{session_id}', { ids: [session] }),
      of('GET', '/sessions/{session_id}', { ids: [UNKNOWN_SESSION], status: 404 }),
      of('POST', '/sessions/{session_id}/tokens', { ids: [session] }),
      of('POST', '/sessions/{session_id}/tokens', { ids: [session], body: { expires_in_seconds: 120 } }),
      of('POST', '/sessions/{session_id}/tokens', { ids: [UNKNOWN_SESSION], status: 404 }),
      of('POST', '/sessions/{session_id}/revoke', { ids: [session] }),
      of('POST', '/sessions/{session_id}/revoke', { ids: [UNKNOWN_SESSION], status: 404 }),
      of('GET', '/instance'),
      of('GET', '/jwks'),
      ...MARKS.map((mark): Case => {
        const body = mark === 'password/set_compromised' ? { body: { revoke_all_sessions: true } } : {};
        return of('POST', `/users/{user_id}/${mark}`, { ids: [user], ...body });
      }),
      // Of these the file lists a 404, of bans and locks none.
      ...MARKS.filter((mark) => mark.startsWith('password')).map((mark) =>
        of('POST', `/users/{user_id}/${mark}`, { ids: [UNKNOWN_USER], status: 404 }),
      ),
      of('POST', '/users/{user_id}/password/set_compromised', { ids: [user], body: { other: 1 }, status: 422 }),
      of('POST', '/users/ban', { body: { user_ids: [victim] } }),
      of('POST', '/users/ban', { body: ['not an object'], status: 400 }),
      of('POST', '/users/unban', { body: { user_ids: [victim] } }),
      of('PATCH', '/users/{user_id}/metadata', { ids: [user], body: { public_metadata: { a: { b: 1 } } } }),
      of('PATCH', '/users/{user_id}/metadata', { ids: [user], body: { first_name: 'x' }, status: 422 }),
    ];
  },
};
