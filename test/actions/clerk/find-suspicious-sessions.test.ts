import { expect, test } from 'vitest';
import findSuspicious from '../../../actions/clerk/find-suspicious-sessions.ts';
import { type Json, PermanentFailure } from '../../../engine/action.ts';
import { startClerk } from './setup.ts';

const HOUR_MS = 3_600_000;

test('lists named users without criteria, with their open sessions, and those without one too', async () => {
  const { clerk, run } = await startClerk();
  const a = clerk.addUser('a', { sessions: 2 });
  clerk.addSession(a, 'over', { status: 'ended' });
  const b = clerk.addUser('b');
  const output = await run().run(findSuspicious, { users: [b, a], countries: [] });
  expect(output.users).toEqual([a, b]);
  expect(output.sessions).toHaveLength(2);
  expect(output).toMatchObject({ examined: { users: 2, sessions: 2 } });
});

test('named users are listed whatever else is asked for: criteria say more of their sessions and clear nobody', async () => {
  const { clerk, clock, run } = await startClerk();
  const home = clerk.addUser('a');
  const abroad = clerk.addUser('b');
  const gone = clerk.addUser('c');
  clerk.addSession(home, 'home', { country: 'US', ip: '192.0.2.1', lastActiveAt: clock.now() - 9 * HOUR_MS });
  clerk.addSession(abroad, 'fine', { country: 'US', lastActiveAt: clock.now() });
  clerk.addSession(abroad, 'bad', { country: 'DE', lastActiveAt: clock.now() });
  clerk.addSession(abroad, 'ended', { country: 'DE', status: 'ended', lastActiveAt: clock.now() });
  clerk.addSession(abroad, 'unplaced');
  const input = { users: [home, abroad, gone], countries: ['US'], activeSince: '2026-11-24T02:00:00Z' };
  const output = await run().run(findSuspicious, input);
  expect(output.users).toEqual([home, abroad, gone]);
  const reasons = (output.sessions as { id: string; reason: string }[]).map(({ id, reason }) => [id, reason]);
  expect(Object.fromEntries(reasons)).toEqual({
    sess_home: 'open session of a named user',
    sess_fine: 'open session of a named user',
    sess_bad: 'open session of a named user; country DE is not expected',
    sess_ended: 'country DE is not expected',
    sess_unplaced: 'open session of a named user',
  });
  expect(output).toMatchObject({ examined: { users: 3, sessions: 5, notJudgeable: 1 } });
  expect(output.summary).toContain('user_c: named; no session of it is open');
  expect(output.summary).toMatch(/user_b: 4 sessions.*country DE is not expected/);
});

test('finds sessions outside the expected countries, whether Clerk writes a name or a code', async () => {
  const { clerk, run } = await startClerk();
  const home = clerk.addUser('home');
  clerk.addSession(home, 'h1', { country: 'United States' });
  clerk.addSession(home, 'h2', { country: 'us' });
  clerk.addSession(home, 'h3');
  const abroad = clerk.addUser('abroad');
  clerk.addSession(abroad, 'x1', { country: 'Germany', city: 'Berlin', ip: '203.0.113.9' });
  const searching = run();
  const output = await searching.run(findSuspicious, { countries: ['US'] });
  expect(output).toMatchObject({
    users: [abroad],
    sessions: [
      {
        id: 'sess_x1',
        user: abroad,
        country: 'Germany',
        city: 'Berlin',
        ip: '203.0.113.9',
        reason: 'country Germany is not expected',
      },
    ],
    examined: { users: 2, sessions: 4, notJudgeable: 1 },
  });
  expect(searching.logs[0]).toMatch(/^2 users: about 4 requests/);
});

test('finds sessions by address, range and city', async () => {
  const { clerk, run } = await startClerk();
  const user = clerk.addUser('a');
  clerk.addSession(user, 'cidr', { ip: '198.51.100.77' });
  clerk.addSession(user, 'six', { ip: '2001:db8::5' });
  clerk.addSession(user, 'fine', { ip: '192.0.2.1', city: 'Oslo' });
  clerk.addSession(user, 'city', { ip: '192.0.2.2', city: 'Bergen' });
  const output = await run().run(findSuspicious, {
    ips: ['198.51.100.0/24', '2001:db8::/32'],
    cities: ['oslo'],
  });
  expect(ids(output.sessions)).toEqual(['sess_cidr', 'sess_city', 'sess_six']);
});

test('without criteria finds two countries within an hour and no slower journey', async () => {
  const { clerk, clock, run } = await startClerk();
  const now = clock.now();
  const fast = clerk.addUser('fast');
  clerk.addSession(fast, 'f1', { country: 'Norway', lastActiveAt: now - HOUR_MS / 2 });
  clerk.addSession(fast, 'f2', { country: 'Brazil', lastActiveAt: now });
  clerk.addSession(fast, 'f3', { country: 'Norway', lastActiveAt: now - 30 * HOUR_MS });
  const slow = clerk.addUser('slow');
  clerk.addSession(slow, 's1', { country: 'Norway', lastActiveAt: now - 8 * HOUR_MS });
  clerk.addSession(slow, 's2', { country: 'Brazil', lastActiveAt: now });
  const output = await run().run(findSuspicious, {});
  expect(output.users).toEqual([fast]);
  expect(ids(output.sessions)).toEqual(['sess_f1', 'sess_f2']);
});

test('looks at ended sessions only where a time is given, and asks Clerk from the start of that day', async () => {
  const { clerk, clock, run } = await startClerk();
  const user = clerk.addUser('a');
  clerk.addSession(user, 'ended', { status: 'ended', country: 'Chile', lastActiveAt: clock.now() - HOUR_MS });
  clerk.addSession(user, 'before', { country: 'Chile', lastActiveAt: clock.now() - 20 * HOUR_MS });
  const activeSince = '2026-11-24T01:30:00Z';
  const output = await run().run(findSuspicious, { countries: ['Norway'], activeSince });
  expect(ids(output.sessions)).toEqual(['sess_ended']);
  const midnight = Date.UTC(2026, 10, 24) - 1;
  expect(clerk.sent('GET', /^\/v1\/users/).map((one) => one.query.get('last_active_at_after'))).toEqual([
    `${midnight}`,
    `${midnight}`,
  ]);
});

test('walks all users with a cursor, each once, also where the cursor user is deleted meanwhile', async () => {
  const { clerk, run } = await startClerk();
  for (let n = 0; n < 600; n++) clerk.addUser(`u${n}`);
  clerk.fault = ({ query }) => {
    if (query.get('starting_after') === 'user_u499') clerk.users.delete('user_u499');
    return undefined;
  };
  const output = await run().run(findSuspicious, {});
  expect(output).toMatchObject({ examined: { users: 600 } });
  const listed = clerk.sent('GET', /^\/v1\/sessions/).map((one) => one.query.get('user_id'));
  expect(new Set(listed).size).toBe(600);
  const first = clerk.sent('GET', /^\/v1\/users$/)[0]?.query;
  expect([first?.get('order_by'), first?.get('limit')]).toEqual(['created_at', '500']);
});

test('refuses an address that is none before any call, for good', async () => {
  const { clerk, run } = await startClerk();
  const attempt = run().run(findSuspicious, { ips: ['10.0.0.0/64'] });
  await expect(attempt).rejects.toBeInstanceOf(PermanentFailure);
  await expect(attempt).rejects.toThrow(/neither an IP address nor a CIDR range/);
  expect(clerk.requests).toEqual([]);
});

test.for<[string, Json]>([
  ['an id that is no user', { users: ['sess_1'] }],
  ['an id that would change the path', { users: ['user_1/../x'] }],
  ['an unknown field', { user: [] }],
  ['a time that is none', { activeSince: 'yesterday' }],
])('its input schema refuses %s', async ([, input]) => {
  const { clerk, run } = await startClerk();
  await expect(run().run(findSuspicious, input)).rejects.toThrow(/input/);
  expect(clerk.requests).toEqual([]);
});

function ids(sessions: Json | undefined): string[] {
  return (sessions as { id: string }[]).map((one) => one.id).sort();
}
