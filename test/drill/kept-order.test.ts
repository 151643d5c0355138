// GET /users in another order than that of creation: what is kept of it is never what was.
import { expect, test } from 'vitest';
import { ask, must, rows, scenarioWith, startTestWorld } from './helpers.ts';

test('a page in the order of updates shows a change at once, and pages after it fit together', async () => {
  const world = await startTestWorld();
  const page = async (offset: number) =>
    rows(await ask(world, 'GET', `/v1/users?order_by=-updated_at&limit=20&offset=${offset}`)).map(({ id }) => id);
  const before = [...(await page(0)), ...(await page(20))];
  expect(new Set(before).size).toBe(40);
  const last = must(before.at(-1));
  await ask(world, 'PATCH', `/v1/users/${last}/metadata`, { public_metadata: { plan: 'gold' } });
  expect([...(await page(0)), ...(await page(20))]).toEqual([last, ...before.slice(0, -1)]);
});

test('a query finds a number, a wallet and an id by a part of them', async () => {
  const world = await startTestWorld({ scenario: scenarioWith({ users: 400 }) });
  const find = async (text: string) =>
    rows(await ask(world, 'GET', `/v1/users?limit=100&query=${encodeURIComponent(text)}`)).map(({ id }) => id);
  const user = must(world.ground.compromised[0]);
  expect(await find(user.slice(3, -2))).toEqual([user]);
  expect((await find('+9990')).length).toBeGreaterThan(3);
  expect((await find('0x')).length).toBeGreaterThan(0);
});
