import { expect, test } from 'vitest';
import type { DrillWorld } from '../../engine/drill/world.ts';
import { ask, must, rows, scenarioWith, startTestWorld } from './helpers.ts';

async function walkByCursor(world: DrillWorld, order: string, limit: number): Promise<readonly string[]> {
  const ids: string[] = [];
  for (;;) {
    const cursor = ids.length === 0 ? '' : `&starting_after=${must(ids.at(-1))}`;
    const page = rows(await ask(world, 'GET', `/v1/users?limit=${limit}&order_by=${order}${cursor}`));
    ids.push(...page.map(({ id }) => String(id)));
    if (page.length < limit) return ids;
  }
}

async function walkByOffset(world: DrillWorld, query: string, limit: number): Promise<readonly string[]> {
  const ids: string[] = [];
  for (;;) {
    const page = rows(await ask(world, 'GET', `/v1/users?limit=${limit}&offset=${ids.length}${query}`));
    ids.push(...page.map(({ id }) => String(id)));
    if (page.length < limit) return ids;
  }
}

const list = async (world: DrillWorld, query: string) => rows(await ask(world, 'GET', `/v1/users?limit=500&${query}`));
const status = async (world: DrillWorld, query: string) => (await ask(world, 'GET', `/v1/users?${query}`)).status;

test('a page holds ten users unless more are asked for, at most 500', async () => {
  const world = await startTestWorld({ scenario: scenarioWith({ users: 1200 }) });
  expect(rows(await ask(world, 'GET', '/v1/users'))).toHaveLength(10);
  expect(rows(await ask(world, 'GET', '/v1/users?limit=500'))).toHaveLength(500);
  for (const limit of ['0', '501', '-1', 'ten', '1.5']) expect(await status(world, `limit=${limit}`)).toBe(422);
});

test('cursor and offset walks in both directions see every user once and agree', async () => {
  const world = await startTestWorld({ scenario: scenarioWith({ users: 1203 }) });
  const ascending = await walkByCursor(world, '%2Bcreated_at', 250);
  expect(new Set(ascending).size).toBe(1203);
  expect(await walkByCursor(world, 'created_at', 500)).toEqual(ascending);
  expect(await walkByCursor(world, '-created_at', 401)).toEqual(ascending.toReversed());
  expect(await walkByOffset(world, '', 300)).toEqual(ascending.toReversed());
  expect(await walkByOffset(world, '&order_by=created_at', 300)).toEqual(ascending);
});

test('created_at rises strictly from user to user', async () => {
  const world = await startTestWorld({ scenario: scenarioWith({ users: 500 }) });
  const times = (await list(world, 'order_by=created_at')).map((user) => Number(user.created_at));
  expect(times.every((time, index) => index === 0 || time > must(times[index - 1]))).toBe(true);
});

test('a cursor is refused with another order, with an offset, and where nobody has that id', async () => {
  const world = await startTestWorld();
  const cursor = `starting_after=${must(world.ground.compromised[0])}`;
  expect(await status(world, `${cursor}&order_by=-last_active_at`)).toBe(422);
  expect(await status(world, `${cursor}&offset=10`)).toBe(422);
  expect(await status(world, `${cursor}&offset=0`)).toBe(200);
  expect(await status(world, 'starting_after=user_2aaaaaaaaaaaaaaaaaaaaaaaaaa')).toBe(422);
});

test('other orders sort by their value, and an unknown one is refused', async () => {
  const world = await startTestWorld({ scenario: scenarioWith({ users: 300 }) });
  for (const field of ['last_active_at', 'last_sign_in_at', 'updated_at']) {
    const values = (await list(world, `order_by=-${field}`)).map((user) => Number(user[field] ?? 0));
    expect(values).toEqual(values.toSorted((a, b) => b - a));
  }
  expect(await status(world, 'order_by=shoe_size')).toBe(422);
});

test('user_id includes with and without a plus, excludes with a minus, and leaves out the unknown', async () => {
  const world = await startTestWorld();
  const [first, second] = [must(world.ground.compromised[0]), must(world.ground.compromised[1])];
  const included = await list(world, `user_id=${first}&user_id=%2B${second}&user_id=user_2aaaaaaaaaaaaaaaaaaaaaaaaaa`);
  expect(included.map(({ id }) => id).toSorted()).toEqual([first, second].toSorted());
  const excluded = await list(world, `user_id=-${first}`);
  expect(excluded).toHaveLength(39);
  expect(excluded.some(({ id }) => id === first)).toBe(false);
});

test('a list filter takes 100 values and refuses 101', async () => {
  const world = await startTestWorld();
  const values = (count: number) =>
    Array.from({ length: count }, () => `user_id=${must(world.ground.compromised[0])}`).join('&');
  expect(await status(world, values(100))).toBe(200);
  expect(await status(world, values(101))).toBe(422);
});

test('filters by e-mail address, text and ban select, and the count agrees', async () => {
  const world = await startTestWorld({ scenario: scenarioWith({ users: 600 }) });
  const some = must((await list(world, ''))[3]);
  const address = must(/[\w.]+@example\.com/.exec(JSON.stringify(some.email_addresses)))[0];
  expect((await list(world, `email_address=${address}`)).map(({ id }) => id)).toEqual([some.id]);
  expect((await list(world, `query=${String(some.id).slice(5, 25)}`)).map(({ id }) => id)).toEqual([some.id]);
  const banned = await list(world, 'banned=true');
  expect(banned.length).toBeGreaterThan(0);
  expect(banned.every((user) => user.banned === true)).toBe(true);
  expect((await ask(world, 'GET', '/v1/users/count?banned=true')).body).toEqual({
    object: 'total_count',
    total_count: banned.length,
  });
  expect((await ask(world, 'GET', '/v1/users/count?banned=false')).body).toMatchObject({
    total_count: 600 - banned.length,
  });
});

test('filters by time are strict, and last_active_at has day precision', async () => {
  const world = await startTestWorld({ scenario: scenarioWith({ users: 400 }) });
  const all = await list(world, 'order_by=created_at');
  const middle = Number(must(all[200]).created_at);
  expect(await list(world, `created_at_after=${middle}`)).toHaveLength(199);
  expect(await list(world, `created_at_before=${middle}`)).toHaveLength(200);
  const day = 86_400_000;
  const since = Math.floor(world.startedAt / day) * day - 5 * day;
  const active = await list(world, `last_active_at_after=${since}`);
  expect(active.map(({ id }) => id).toSorted()).toEqual(
    all
      .filter((user) => Number(user.last_active_at ?? 0) > since)
      .map(({ id }) => id)
      .toSorted(),
  );
  expect(all.every((user) => user.last_active_at === null || Number(user.last_active_at) % day === 0)).toBe(true);
});

test('sessions need an owner, page by ten, newest first, and count all when paginated', async () => {
  const world = await startTestWorld();
  const user = must(world.facts().concerned.find(({ liveSessions }) => liveSessions >= 25)).id;
  expect((await ask(world, 'GET', '/v1/sessions')).status).toBe(422);
  const page = rows(await ask(world, 'GET', `/v1/sessions?user_id=${user}`));
  expect(page).toHaveLength(10);
  const all = rows(await ask(world, 'GET', `/v1/sessions?user_id=${user}&limit=500`));
  const times = all.map(({ created_at }) => Number(created_at));
  expect(times).toEqual(times.toSorted((a, b) => b - a));
  const paginated = await ask(world, 'GET', `/v1/sessions?user_id=${user}&paginated=true&offset=20`);
  expect(paginated.body).toEqual({ data: all.slice(20, 30), total_count: all.length });
});

test('status=active misses a pending session, and pending cannot be asked for', async () => {
  const world = await startTestWorld();
  for (const { id } of world.facts().concerned.filter(({ role }) => role === 'compromised')) {
    const all = rows(await ask(world, 'GET', `/v1/sessions?user_id=${id}&limit=500`));
    if (!all.some((session) => session.status === 'pending')) continue;
    const active = rows(await ask(world, 'GET', `/v1/sessions?user_id=${id}&status=active&limit=500`));
    expect(active).toHaveLength(all.filter((session) => session.status === 'active').length);
    expect((await ask(world, 'GET', `/v1/sessions?user_id=${id}&status=pending`)).status).toBe(422);
    return;
  }
  throw new Error('no user with a pending session');
});

test('finds users by what belongs to them, and by the address that an intruder added', async () => {
  const world = await startTestWorld({
    scenario: scenarioWith({
      users: 200,
      credentials: { addedByAttacker: { emails: 2 } },
      keys: { organizations: 2 },
    }),
  });
  const users = rows(await ask(world, 'GET', '/v1/users?limit=500'));
  const first = (field: string, value: string): readonly [unknown, string] => {
    const owner = must(users.find((user) => Array.isArray(user[field]) && user[field].length > 0));
    const [one] = owner[field] as { [name: string]: string }[];
    return [owner.id, must(must(one)[value])];
  };
  const found = async (query: string) => rows(await ask(world, 'GET', `/v1/users?${query}`)).map(({ id }) => id);
  const [phoneOwner, phone] = first('phone_numbers', 'phone_number');
  expect(await found(`phone_number=${encodeURIComponent(phone)}`)).toEqual([phoneOwner]);
  expect(await found(`phone_number_query=${encodeURIComponent(phone.slice(2))}`)).toContain(phoneOwner);
  const [walletOwner, wallet] = first('web3_wallets', 'web3_wallet');
  expect(await found(`web3_wallet=${wallet}`)).toEqual([walletOwner]);
  const [accountOwner, account] = first('external_accounts', 'provider_user_id');
  expect(await found(`provider=oauth_google&provider_user_id=${account}`)).toEqual([accountOwner]);
  expect(await found(`provider=oauth_apple&provider_user_id=${account}`)).toEqual([]);
  const attacked = must(users.find((user) => (user.email_addresses as unknown[]).length > 1));
  const added = must((attacked.email_addresses as { email_address: string }[])[1]).email_address;
  expect(await found(`email_address=${added}`)).toEqual([attacked.id]);
  const member = must(world.ground.compromised[0]);
  const { body } = await ask(world, 'GET', `/v1/users/${member}/organization_memberships`);
  const organization = must((body as unknown as { data: { organization: { id: string } }[] }).data[0]).organization.id;
  const members = await found(`limit=500&organization_id=${organization}`);
  expect(members).toContain(member);
  const others = await found(`limit=500&organization_id=-${organization}`);
  expect(members.length + others.length).toBe(200);
});
