import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sessionIdAt, sessionIndexOf, userIdAt, userIndexOf } from '../../engine/drill/population/ids.ts';
import { createPopulation } from '../../engine/drill/population/population.ts';
import { isLive } from '../../engine/drill/population/sessions.ts';
import { ask, must, rows, STARTED_AT, scenarioWith, startTestWorld, testClock } from './helpers.ts';

const populationOf = (users: number, seed: number) =>
  createPopulation({
    seed,
    startedAt: STARTED_AT,
    world: scenarioWith({
      users,
      compromised: { count: 12, bannedBefore: 1, pendingSessions: 2, manySessions: { users: 2, sessions: 27 } },
      decoys: 2,
    }).world,
  });

describe('ids', () => {
  const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });
  test('lead back to the user and session that they were made for', () => {
    fc.assert(
      fc.property(seeds, fc.nat(999_999), fc.nat(1000), (seed, user, index) => {
        expect(userIdAt(seed, user)).toMatch(/^user_\w{27}$/);
        expect(userIndexOf(seed, userIdAt(seed, user))).toBe(user);
        expect(sessionIdAt(seed, user, index)).toMatch(/^sess_\w{27}$/);
        expect(sessionIndexOf(seed, sessionIdAt(seed, user, index))).toEqual({ user, index });
      }),
    );
  });
  test('of another seed, or with a character changed, lead nowhere', () => {
    fc.assert(
      fc.property(seeds, fc.nat(999_999), fc.integer({ min: 6, max: 31 }), (seed, user, at) => {
        const id = userIdAt(seed, user);
        const changed = `${id.slice(0, at)}${id[at] === 'a' ? 'b' : 'a'}${id.slice(at + 1)}`;
        expect(userIndexOf(seed, changed)).toBeUndefined();
        expect(userIndexOf((seed + 1) % 2 ** 32, id)).toBeUndefined();
      }),
    );
  });
});

test('the population is as the scenario asks for', () => {
  const population = populationOf(400, 20260512);
  const live = population.compromised.map((user) =>
    Array.from({ length: population.sessionCount(user) }, (_, index) => population.sessionAt(user, index)).filter(
      ({ status }) => isLive(status),
    ),
  );
  expect(population.compromised).toHaveLength(12);
  expect(population.decoys).toHaveLength(2);
  expect(live.filter((sessions) => sessions.length >= 25)).toHaveLength(2);
  expect(live.filter((sessions) => sessions.some(({ status }) => status === 'pending'))).toHaveLength(2);
  expect(population.compromised.filter((user) => population.isBannedAtStart(user))).toHaveLength(1);
});

test('whom an attacker is in is active in two countries within an hour, and nobody else is', () => {
  const population = populationOf(400, 20260512);
  const travelsTooFast = (user: number): boolean => {
    const live = Array.from({ length: population.sessionCount(user) }, (_, index) => population.sessionAt(user, index))
      .filter(({ status, activity }) => isLive(status) && activity !== null)
      .map(({ lastActiveAt, activity }) => ({ lastActiveAt, country: activity?.place.country }));
    return live.some((one) =>
      live.some(
        (other) => one.country !== other.country && Math.abs(one.lastActiveAt - other.lastActiveAt) < 3_600_000,
      ),
    );
  };
  const found = Array.from({ length: 400 }, (_, user) => user).filter(travelsTooFast);
  expect(found).toEqual(population.compromised.filter((user) => !population.isBannedAtStart(user)));
});

test('times are in order for every user and session, in worlds of any size and seed', () => {
  fc.assert(
    fc.property(fc.integer({ min: 20, max: 3000 }), fc.integer({ min: 0, max: 2 ** 32 - 1 }), (users, seed) => {
      const population = populationOf(users, seed);
      for (let user = 0; user < Math.min(users, 100); user += 1) {
        const created = population.createdAt(user);
        expect(population.countCreatedBefore(created)).toBe(user);
        let newer = STARTED_AT;
        for (let index = 0; index < population.sessionCount(user); index += 1) {
          const session = population.sessionAt(user, index);
          expect(session.createdAt).toBeLessThan(newer);
          expect(session.createdAt).toBeGreaterThan(created);
          expect(session.lastActiveAt).toBeGreaterThanOrEqual(session.createdAt);
          expect(session.lastActiveAt).toBeLessThanOrEqual(must(population.lastActiveAt(user)));
          newer = session.createdAt;
        }
      }
    }),
    { numRuns: 30 },
  );
});

test('the same seed and start give the same world, another seed another', async () => {
  const read = async (seed: number) => {
    const world = await startTestWorld({ seed, clock: testClock() });
    const users = rows(await ask(world, 'GET', '/v1/users?limit=500'));
    const sessions = await Promise.all(
      world.ground.compromised.map((id) => ask(world, 'GET', `/v1/sessions?user_id=${id}&limit=500`)),
    );
    return { users, sessions: sessions.map(({ body }) => body), ground: world.ground, key: world.secretKey };
  };
  const first = await read(11);
  expect(await read(11)).toEqual(first);
  expect((await read(12)).ground).not.toEqual(first.ground);
});

test('a world of a million users is not held in memory, and its pages come from anywhere in it', async () => {
  const before = process.memoryUsage().heapUsed;
  const world = await startTestWorld({ scenario: scenarioWith({ users: 1_000_000 }) });
  expect((await ask(world, 'GET', '/v1/users/count')).body).toMatchObject({ total_count: 1_000_000 });
  const oldest = rows(await ask(world, 'GET', '/v1/users?order_by=created_at&limit=2'));
  const newest = rows(await ask(world, 'GET', '/v1/users?limit=1&offset=999999'));
  expect(must(newest[0]).id).toBe(must(oldest[0]).id);
  const middle = rows(await ask(world, 'GET', '/v1/users?order_by=created_at&limit=500&offset=500000'));
  const next = rows(
    await ask(world, 'GET', `/v1/users?order_by=created_at&limit=500&starting_after=${String(must(middle.at(-1)).id)}`),
  );
  expect(next).toHaveLength(500);
  // Users at a million bytes each would be far beyond this; the bound is generous because the heap is shared.
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(60 * 1024 * 1024);
});
