import { expect, test } from 'vitest';
import banUsers from '../../../actions/clerk/ban-users.ts';
import unbanUsers from '../../../actions/clerk/unban-users.ts';
import { PermanentFailure } from '../../../engine/action.ts';
import { SECRET_KEY, startClerk } from './setup.ts';

test('bans 120 users with 2 reads and 3 requests, and counts who was banned before apart', async () => {
  const { clerk, run } = await startClerk();
  const users = Array.from({ length: 120 }, (_, n) => clerk.addUser(`u${n}`, { banned: n < 2, sessions: 1 }));
  const banning = run();
  const output = await banning.run(banUsers, { users });
  expect(output).toEqual({ banned: 118, alreadyBanned: 2, failed: [] });
  expect(users.every((id) => clerk.users.get(id)?.banned)).toBe(true);
  expect(clerk.sent('GET')).toHaveLength(2);
  expect(clerk.sent('POST')).toHaveLength(3);
  expect(clerk.requests.every((one) => one.version === '2026-05-12')).toBe(true);
  expect(banning.results.get('user user_u0 ban')?.outcome).toBe('already');
});

test('unban lifts the mark and is the inverse', async () => {
  const { clerk, run } = await startClerk();
  const users = [clerk.addUser('a', { banned: true }), clerk.addUser('b')];
  expect(await run().run(unbanUsers, { users })).toEqual({ unbanned: 1, notBanned: 1, failed: [] });
  expect(clerk.users.get('user_a')?.banned).toBe(false);
});

test('lists ids that Clerk does not know as failed and bans the others', async () => {
  const { clerk, run } = await startClerk();
  const banning = run();
  const output = await banning.run(banUsers, { users: [clerk.addUser('a'), 'user_nobody'] });
  expect(output).toEqual({ banned: 1, alreadyBanned: 0, failed: ['user_nobody'] });
  expect(banning.logs.join()).toContain('user_nobody');
});

test.for(['leave-out', 'refuse'] as const)(
  'bears a user who is deleted between read and ban (Clerk: %s)',
  async (bulkUnknown) => {
    const { clerk, run } = await startClerk();
    clerk.bulkUnknown = bulkUnknown;
    const users = [clerk.addUser('a'), clerk.addUser('gone'), clerk.addUser('b')];
    clerk.fault = ({ method }) => {
      if (method === 'POST') clerk.users.delete('user_gone');
      return undefined;
    };
    expect(await run().run(banUsers, { users })).toEqual({ banned: 2, alreadyBanned: 0, failed: ['user_gone'] });
  },
);

test('fails, to be tried again, where Clerk says 200 and did not ban somebody', async () => {
  const { clerk, run } = await startClerk();
  const users = [clerk.addUser('a'), clerk.addUser('b')];
  clerk.fault = ({ method }) => (method === 'POST' ? { status: 200, text: '[]' } : undefined);
  const banning = run();
  await expect(banning.run(banUsers, { users })).rejects.toThrow(/2 not done.*nothing changed/);
  expect(banning.results.get('user user_a ban')?.outcome).toBe('failed');
});

test('a 402 says what it means, names the fallback, and is final', async () => {
  const { clerk, run } = await startClerk();
  const users = Array.from({ length: 400 }, (_, n) => clerk.addUser(`u${n}`));
  clerk.fault = ({ method }) =>
    method === 'POST' ? { status: 402, code: 'unsupported_subscription_plan_features' } : undefined;
  const attempt = run().run(banUsers, { users });
  await expect(attempt).rejects.toThrow(/402 unsupported_subscription_plan_features.*set_compromised/);
  await expect(attempt).rejects.toBeInstanceOf(PermanentFailure);
  expect(clerk.sent('POST').length).toBeLessThanOrEqual(4);
});

test('a bad key fails at the first read, for good, and the error does not hold the key', async () => {
  const { clerk, run } = await startClerk();
  clerk.fault = () => ({ status: 401, code: 'clerk_key_invalid' });
  const error: unknown = await run()
    .run(banUsers, { users: ['user_a'] })
    .catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(PermanentFailure);
  expect(String(error)).toMatch(
    /GET \/users \(1 users from user_a\) answered 401 clerk_key_invalid.*\[trace trace_1\]/,
  );
  expect(JSON.stringify([String(error), error])).not.toContain(SECRET_KEY);
  expect(clerk.requests).toHaveLength(1);
});

test('settles by reading where the answers stay lost although the ban took effect', async () => {
  const { clerk, run } = await startClerk();
  const users = [clerk.addUser('a'), clerk.addUser('b')];
  clerk.fault = ({ method }) => (method === 'POST' ? 'drop-after' : undefined);
  expect(await run().run(banUsers, { users })).toEqual({ banned: 2, alreadyBanned: 0, failed: [] });
});

test('leaves a change in doubt where 5xx and reads say that it did not take effect', async () => {
  const { clerk, run } = await startClerk();
  const users = [clerk.addUser('a')];
  clerk.fault = ({ method }) => (method === 'POST' ? { status: 500 } : undefined);
  const banning = run();
  await expect(banning.run(banUsers, { users })).rejects.toThrow(/1 users in doubt.*500/);
  expect(banning.results.get('user user_a ban')?.outcome).toBe('unknown');
  expect(clerk.sent('POST').length).toBeGreaterThan(1);
});

test('a 429 that does not end leaves the change known not to have happened', async () => {
  const { clerk, run } = await startClerk();
  const users = [clerk.addUser('a')];
  clerk.fault = ({ method }) => (method === 'POST' ? { status: 429, headers: { 'retry-after': '1' } } : undefined);
  const banning = run();
  await expect(banning.run(banUsers, { users })).rejects.toThrow(/1 not done.*429/);
  expect(banning.results.get('user user_a ban')?.outcome).toBe('failed');
});

test('a resumed step counts all attempts and does not send the done ones again', async () => {
  const { clerk, run } = await startClerk();
  const users = [clerk.addUser('a', { banned: true }), clerk.addUser('b', { banned: true }), clerk.addUser('c')];
  const base = { kind: 'user', verb: 'ban', before: { banned: false } };
  const ledger = [
    { ...base, id: 'user_a', outcome: 'done' as const },
    { ...base, id: 'user_b', outcome: 'unknown' as const },
  ];
  expect(await run({ ledger }).run(banUsers, { users })).toEqual({ banned: 3, alreadyBanned: 0, failed: [] });
  expect(clerk.sent('POST').map((one) => one.body)).toEqual([JSON.stringify({ user_ids: ['user_b', 'user_c'] })]);
});

test('a plan reads the earlier state and sends no POST', async () => {
  const { clerk, run } = await startClerk();
  const users = [clerk.addUser('a'), clerk.addUser('b', { banned: true })];
  const planned = run({ planning: true });
  await planned.run(banUsers, { users });
  expect(planned.results.get('user user_a ban')?.outcome).toBe('planned');
  expect(planned.results.get('user user_b ban')?.outcome).toBe('already');
  expect(clerk.sent('POST')).toEqual([]);
});

test('what Clerk answered as banned is banned, although the others cannot be read afterwards', async () => {
  const { clerk, run } = await startClerk();
  const users = ['a', 'b', 'c'].map((name) => clerk.addUser(name));
  let reads = 0;
  clerk.fault = ({ path }) => {
    if (path === '/v1/users/ban') clerk.users.delete('user_c');
    return path === '/v1/users' && ++reads > 1 ? { status: 403, code: 'forbidden' } : undefined;
  };
  const banning = run();
  await expect(banning.run(banUsers, { users })).rejects.toThrow(/1 users in doubt.*403 forbidden/);
  const outcomes = users.map((id) => banning.results.get(`user ${id} ban`)?.outcome);
  expect(outcomes).toEqual(['done', 'done', 'unknown']);
});

test('a refusal stays a refusal where the users cannot be read after it', async () => {
  const { clerk, run } = await startClerk();
  const users = [clerk.addUser('a')];
  let reads = 0;
  clerk.fault = ({ path }) => {
    if (path === '/v1/users/ban') return { status: 422, code: 'form_param_invalid' };
    return ++reads > 1 ? { status: 403, code: 'forbidden' } : undefined;
  };
  const banning = run();
  await expect(banning.run(banUsers, { users })).rejects.toThrow(/422 form_param_invalid/);
  expect(banning.results.get('user user_a ban')?.outcome).toBe('failed');
});

test.for([403, 422])('never ends well where every ban is refused (%i)', async (status) => {
  const { clerk, run } = await startClerk();
  const users = ['a', 'b', 'c'].map((name) => clerk.addUser(name));
  clerk.fault = ({ path }) => (path === '/v1/users/ban' ? { status, code: 'not_allowed' } : undefined);
  const attempt = run().run(banUsers, { users });
  await expect(attempt).rejects.toThrow(new RegExp(`Nobody is banned: all 3 failed.*${status} not_allowed`));
  await expect(attempt).rejects.toBeInstanceOf(PermanentFailure);
});

test('never ends well where Clerk knows nobody of the list', async () => {
  const { run } = await startClerk();
  await expect(run().run(banUsers, { users: ['user_typo'] })).rejects.toThrow(
    /Nobody is banned.*user_typo.*knows no user/,
  );
});
