import { expect, test } from 'vitest';
import revokeSessions from '../../../actions/clerk/revoke-sessions.ts';
import { startClerk } from './setup.ts';

test('ends every session of a user with 25 and of one with more than a page', async () => {
  const { clerk, run } = await startClerk();
  const many = clerk.addUser('many', { sessions: 25 });
  const huge = clerk.addUser('huge', { sessions: 501 });
  const innocent = clerk.addUser('innocent', { sessions: 3 });
  const output = await run().run(revokeSessions, { users: [many, huge, many] });
  expect(output).toEqual({ users: 2, unknown: [], revoked: 526, alreadyEnded: 0, remaining: 0 });
  expect(clerk.openSessionsOf(many) + clerk.openSessionsOf(huge)).toBe(0);
  expect(clerk.openSessionsOf(innocent)).toBe(3);
});

test('ends chosen sessions and no others of their users, and names those that Clerk does not know', async () => {
  const { clerk, run } = await startClerk();
  const user = clerk.addUser('a', { sessions: 3 });
  const [one, two] = [...clerk.sessions.keys()];
  const { run: start, results } = run();
  const output = await start(revokeSessions, { sessions: [one ?? '', two ?? '', one ?? '', 'sess_gone'] });
  expect(output).toEqual({ users: 0, unknown: ['sess_gone'], revoked: 2, alreadyEnded: 0, remaining: 0 });
  expect(clerk.openSessionsOf(user)).toBe(1);
  expect([...results.values()].map(({ id, owner }) => [id, owner?.id])).toEqual([
    [one, user],
    [two, user],
  ]);
});

test('ends pending sessions too and leaves ended ones alone', async () => {
  const { clerk, run } = await startClerk();
  const user = clerk.addUser('a', { sessions: 2, status: 'pending' });
  clerk.addSession(user, 'old', { status: 'expired' });
  const output = await run().run(revokeSessions, { users: [user] });
  expect(output).toMatchObject({ revoked: 2, remaining: 0 });
  expect(clerk.sessions.get('sess_old')?.status).toBe('expired');
});

test('lists again and ends a session that was begun meanwhile', async () => {
  const { clerk, run } = await startClerk();
  const user = clerk.addUser('a', { sessions: 2 });
  clerk.fault = ({ method }) => {
    if (method === 'POST' && !clerk.sessions.has('sess_late')) clerk.addSession(user, 'late');
    return undefined;
  };
  expect(await run().run(revokeSessions, { users: [user] })).toMatchObject({ revoked: 3, remaining: 0 });
  expect(clerk.openSessionsOf(user)).toBe(0);
});

test('records the owner and the earlier status of each session', async () => {
  const { clerk, run } = await startClerk();
  const user = clerk.addUser('a', { sessions: 1 });
  const { run: start, results } = run();
  await start(revokeSessions, { users: [user] });
  expect([...results.values()]).toEqual([
    expect.objectContaining({
      kind: 'session',
      verb: 'revoke',
      outcome: 'done',
      owner: { kind: 'user', id: user },
      before: { status: 'active' },
    }),
  ]);
});

test('counts a session that ended by itself as already ended', async () => {
  const { clerk, run } = await startClerk();
  const user = clerk.addUser('a', { sessions: 2 });
  clerk.fault = ({ path }) => {
    const session = clerk.sessions.get('sess_a0');
    if (session !== undefined && path.endsWith('/sess_a0/revoke')) session.status = 'ended';
    return undefined;
  };
  expect(await run().run(revokeSessions, { users: [user] })).toMatchObject({
    revoked: 1,
    alreadyEnded: 1,
    remaining: 0,
  });
});

test.for(['accept', 'refuse'] as const)(
  'counts a revoke whose answer was lost as ours (a repeat: %s)',
  async (revokeEnded) => {
    const { clerk, run } = await startClerk();
    clerk.revokeEnded = revokeEnded;
    const user = clerk.addUser('a', { sessions: 5 });
    const dropped = new Set<string>();
    clerk.fault = ({ method, path }) => {
      if (method !== 'POST' || dropped.has(path)) return undefined;
      dropped.add(path);
      return 'drop-after';
    };
    expect(await run().run(revokeSessions, { users: [user] })).toMatchObject({
      revoked: 5,
      alreadyEnded: 0,
      remaining: 0,
    });
  },
);

test('gets through 429s, 5xx and broken connections with the same result', async () => {
  const { clerk, run } = await startClerk();
  const user = clerk.addUser('a', { sessions: 40 });
  let n = 0;
  clerk.fault = () => {
    n++;
    if (n % 4 === 0) return { status: 429, headers: { 'retry-after': '1' } };
    if (n % 7 === 0) return { status: 503, text: '<html>', headers: { 'content-type': 'text/html' } };
    return n % 11 === 0 ? 'drop-before' : undefined;
  };
  expect(await run().run(revokeSessions, { users: [user] })).toMatchObject({ revoked: 40, remaining: 0 });
  expect(clerk.openSessionsOf(user)).toBe(0);
});

test('a resumed step counts the sessions of all attempts and sends none twice', async () => {
  const { clerk, run } = await startClerk();
  const user = clerk.addUser('a', { sessions: 4 });
  const owner = { kind: 'user', id: user };
  for (const id of ['sess_a0', 'sess_a1']) {
    const session = clerk.sessions.get(id);
    if (session !== undefined) session.status = 'revoked';
  }
  const base = { kind: 'session', verb: 'revoke', owner, before: { status: 'active' } };
  const ledger = [
    { ...base, id: 'sess_a0', outcome: 'done' as const },
    // The process died after it was sent and before the answer was recorded.
    { ...base, id: 'sess_a1', outcome: 'unknown' as const },
  ];
  const output = await run({ ledger }).run(revokeSessions, { users: [user] });
  expect(output).toEqual({ users: 1, unknown: [], revoked: 4, alreadyEnded: 0, remaining: 0 });
  expect(clerk.sent('POST', /sess_a0/)).toEqual([]);
  expect(clerk.openSessionsOf(user)).toBe(0);
});

test('a plan names the sessions and sends nothing but reads', async () => {
  const { clerk, run } = await startClerk();
  const user = clerk.addUser('a', { sessions: 12 });
  const planned = run({ planning: true });
  await planned.run(revokeSessions, { users: [user] });
  expect([...planned.results.values()].map((one) => one.outcome)).toEqual(new Array(12).fill('planned'));
  expect(clerk.requests.every((one) => one.method === 'GET')).toBe(true);
});

test('says how many are left where they are protected, and goes on with the others', async () => {
  const { clerk, run } = await startClerk();
  const owner = clerk.addUser('ceo', { sessions: 2 });
  const user = clerk.addUser('a', { sessions: 3 });
  const output = await run({ protectedIds: [owner] }).run(revokeSessions, { users: [owner, user] });
  expect(output).toMatchObject({ revoked: 3, remaining: 2 });
});

test('fails where sessions stay open that it could not end', async () => {
  const { clerk, run } = await startClerk();
  const user = clerk.addUser('a', { sessions: 2 });
  clerk.fault = ({ path }) => (path.endsWith('/sess_a0/revoke') ? { status: 403, code: 'not_allowed' } : undefined);
  const failing = run();
  await expect(failing.run(revokeSessions, { users: [user] })).rejects.toThrow(
    /1 sessions are still open.*sess_a0.*403 not_allowed.*trace_1/,
  );
  expect(failing.results.get('session sess_a0 revoke')?.outcome).toBe('failed');
});

test('takes a 200 that is no JSON as no proof, and reads the session instead', async () => {
  const { clerk, run } = await startClerk();
  const user = clerk.addUser('a', { sessions: 1 });
  clerk.fault = ({ method }) =>
    method === 'POST'
      ? { status: 200, text: '<html>', headers: { 'content-type': 'text/html' }, after: true }
      : undefined;
  expect(await run().run(revokeSessions, { users: [user] })).toMatchObject({ revoked: 1, remaining: 0 });
});

test('does not call a list that is no JSON an empty one', async () => {
  const { clerk, run } = await startClerk();
  const user = clerk.addUser('a', { sessions: 1 });
  clerk.fault = () => ({ status: 200, text: '[]', headers: { 'content-type': 'text/plain' } });
  await expect(run().run(revokeSessions, { users: [user] })).rejects.toThrow(
    /GET \/sessions \(user user_a\).*not the JSON/,
  );
});
