import { expect, test } from 'vitest';
import countActiveSessions from '../../../actions/clerk/count-active-sessions.ts';
import { describeClerk } from '../../../actions/clerk/readers/describe.ts';
import { type Action, PermanentFailure } from '../../../engine/action.ts';
import type { fakeRun } from '../fake-context.ts';
import { startClerk } from './setup.ts';

test('counts active and pending sessions, over all pages and per user', async () => {
  const { clerk, run } = await startClerk();
  const a = clerk.addUser('a', { sessions: 502 });
  clerk.addSession(a, 'pending', { status: 'pending' });
  const b = clerk.addUser('b');
  clerk.addSession(b, 'over', { status: 'expired' });
  const output = await run().run(countActiveSessions, { users: [a, b] });
  expect(output).toEqual({
    count: 503,
    users: [
      { user: a, active: 503 },
      { user: b, active: 0 },
    ],
    unknown: [],
  });
});

test('describes users 100 a request, and says null for those who are not there', async () => {
  const { clerk, run } = await startClerk();
  const ids = Array.from({ length: 150 }, (_, n) => clerk.addUser(`u${n}`));
  const described = await describe(run(), 'user', [...ids, 'user_gone']);
  expect(described.get('user_u3')).toEqual({
    attributes: { emails: ['u3@example.com'], publicMetadata: {}, privateMetadata: {} },
    state: { banned: false, locked: false },
  });
  expect(described.get('user_gone')).toBeNull();
  expect(clerk.requests).toHaveLength(2);
});

test('describes sessions and leaves kinds it cannot read out of the map', async () => {
  const { clerk, run } = await startClerk();
  clerk.addSession(clerk.addUser('a'), 's', { country: 'Chile' });
  const described = await describe(run(), 'session', ['sess_s', 'sess_gone']);
  expect(described.get('sess_s')).toEqual({
    attributes: { userId: 'user_a', country: 'Chile' },
    owner: { kind: 'user', id: 'user_a' },
    state: { status: 'active' },
  });
  expect(described.get('sess_gone')).toBeNull();
  expect((await describe(run(), 'team', ['t'])).size).toBe(0);
});

test('a read is given up after a bounded number of tries, and names the call', async () => {
  const { clerk, run } = await startClerk();
  clerk.fault = () => 'drop-before';
  const attempt = run().run(countActiveSessions, { users: ['user_a'] });
  await expect(attempt).rejects.toThrow(/GET \/sessions \(user user_a\) got no usable answer/);
  await expect(attempt).rejects.not.toBeInstanceOf(PermanentFailure);
  expect(clerk.requests).toHaveLength(6);
});

test('an aborted step stops asking', async () => {
  const { clerk, run } = await startClerk();
  const stopped = run();
  clerk.fault = () => {
    stopped.abort.abort(new Error('paused by the operator'));
    return { status: 503 };
  };
  await expect(stopped.run(countActiveSessions, { users: ['user_a'] })).rejects.toThrow('paused by the operator');
  expect(clerk.requests).toHaveLength(1);
});

test('with a development key it starts from 100 requests in 10 s and meets no 429', async () => {
  const { clerk, run } = await startClerk('sk_test_0123456789abcdefghijklmnop');
  clerk.limit = 100;
  await run().run(countActiveSessions, { users: Array.from({ length: 150 }, (_, n) => `user_u${n}`) });
  expect(clerk.refusals).toBe(0);
});

function describe(
  faked: ReturnType<typeof fakeRun>,
  kind: string,
  ids: readonly string[],
): ReturnType<typeof describeClerk> {
  let described: ReturnType<typeof describeClerk> | undefined;
  const reader: Action = {
    ...countActiveSessions,
    run: async (_input, ctx) => {
      described = describeClerk(kind, ids, ctx);
      await described;
      return { count: 0, users: [], unknown: [] };
    },
  };
  return faked.run(reader, { users: [] }).then(() => described ?? Promise.reject(new Error('not described')));
}
