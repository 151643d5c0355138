import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { DrillClock } from '../../engine/drill/clock.ts';
import type { RunFacts } from '../../engine/drill/score.ts';
import { startWorld } from '../../engine/drill/world.ts';
import type { Json } from '../../engine/json.ts';
import { ask, liveSessionIds, must, STARTED_AT, scenarioWith, startTestWorld, temporaryFile } from './helpers.ts';

/** Moved by hand, and nothing ever wakes by itself: what is due shows at the next request. */
function stillClock(): DrillClock & { advance(ms: number): void } {
  let time = STARTED_AT;
  return {
    now: () => time,
    sleep: () => new Promise(() => undefined),
    advance: (ms) => {
      time += ms;
    },
  };
}

const RUN: RunFacts = {
  startedAt: STARTED_AT,
  endedAt: STARTED_AT,
  outcome: 'done',
  steps: 10,
  stepsSkipped: [],
  stepsNotReached: [],
  failedSteps: [],
};
const timeline = (...entries: Json[]) => ({ timeline: entries });

test('an entry happens at its time, once, and never again after a resume', async () => {
  const clock = stillClock();
  const stateFile = temporaryFile();
  const scenario = scenarioWith({}, timeline({ at: '30s', do: [{ what: 'attacker.sign-in', count: 1 }] }));
  const world = await startWorld({ scenario, stateFile, clock });
  const user = must(world.ground.compromised[1]);
  const before = (await liveSessionIds(world, must(world.facts().concerned.find(({ canSignIn }) => canSignIn)?.id)))
    .length;
  clock.advance(29_000);
  const live = () => world.facts().concerned.reduce((sum, { liveSessions }) => sum + liveSessions, 0);
  const atFirst = live();
  await ask(world, 'GET', '/v1/users/count');
  expect(live()).toBe(atFirst);
  clock.advance(2000);
  await ask(world, 'GET', '/v1/users/count');
  expect(live()).toBe(atFirst + 1);
  await world.stop();
  const again = await startTestWorld({ stateFile, clock });
  clock.advance(60_000);
  await ask(again, 'GET', `/v1/users/${user}`);
  expect(again.facts().concerned.reduce((sum, { liveSessions }) => sum + liveSessions, 0)).toBe(atFirst + 1);
  expect(before).toBeGreaterThan(0);
});

test('what came due while no process ran happens on resume', async () => {
  const clock = stillClock();
  const stateFile = temporaryFile();
  const scenario = scenarioWith({}, timeline({ at: '30s', do: [{ what: 'users.sign-up', count: 2 }] }));
  await (await startWorld({ scenario, stateFile, clock })).stop();
  clock.advance(40_000);
  const world = await startTestWorld({ stateFile, clock });
  expect((await ask(world, 'GET', '/v1/users/count')).body).toMatchObject({ total_count: 42 });
});

test('an attacker who signs in after the revoke and before a ban is live still, and missed', async () => {
  const after = { what: 'session.revoke', count: 2 };
  const scenario = scenarioWith({ compromised: { count: 1 } }, timeline({ after, do: [{ what: 'attacker.sign-in' }] }));
  const world = await startTestWorld({ scenario, clock: stillClock() });
  const user = must(world.ground.compromised[0]);
  const live = await liveSessionIds(world, user);
  expect(live.length).toBeGreaterThan(1);
  // The same one twice is one target.
  for (const id of [live[0], live[0]]) await ask(world, 'POST', `/v1/sessions/${id}/revoke`);
  expect(await liveSessionIds(world, user)).toHaveLength(live.length - 1);
  for (const id of live.slice(1)) await ask(world, 'POST', `/v1/sessions/${id}/revoke`);
  expect(await liveSessionIds(world, user)).toHaveLength(1);
  const score = world.score(RUN);
  expect(score.missed).toEqual([{ user, liveSessions: 1, banned: false, canSignIn: true }]);
  await ask(world, 'POST', `/v1/users/${user}/ban`);
  expect(world.score(RUN)).toMatchObject({ points: 100, missed: [], collateral: [] });
});

test('whoever is banned is not signed in to again', async () => {
  const scenario = scenarioWith(
    { compromised: { count: 3 } },
    timeline({ after: { what: 'users.ban', count: 3 }, do: [{ what: 'attacker.sign-in' }] }),
  );
  const world = await startTestWorld({ scenario, clock: stillClock() });
  await ask(world, 'POST', '/v1/users/ban', { user_ids: [...world.ground.compromised] });
  expect(world.score(RUN)).toMatchObject({ points: 100, missed: [] });
});

test("the attacker's API key and address cost points until they are gone, each for exactly that", async () => {
  const scenario = scenarioWith(
    { compromised: { count: 1 } },
    timeline({ at: '1s', do: [{ what: 'attacker.create-api-key' }, { what: 'attacker.add-email' }] }),
  );
  const clock = stillClock();
  const world = await startTestWorld({ scenario, clock });
  clock.advance(2000);
  const user = must(world.ground.compromised[0]);
  await ask(world, 'POST', `/v1/users/${user}/ban`);
  const score = world.score(RUN);
  expect(score.deductions.map(({ topic }) => topic)).toEqual(['api-keys', 'credentials']);
  expect(score.passed).toBe(false);
  const [key] = must(world.facts().keys).attackerApiKeys;
  await ask(world, 'POST', `/v1/api_keys/${must(key).id}/revoke`, {});
  expect(world.score(RUN).deductions.map(({ topic }) => topic)).toEqual(['credentials']);
});

test('what the world and the attacker do is no collateral of anybody', async () => {
  const scenario = scenarioWith(
    {},
    timeline({
      at: '0s',
      do: [
        { what: 'users.update', count: 3 },
        { what: 'users.delete', count: 2 },
        { what: 'users.sign-in', count: 3 },
      ],
    }),
  );
  const world = await startTestWorld({ scenario, clock: stillClock() });
  expect((await ask(world, 'GET', '/v1/users/count')).body).toMatchObject({ total_count: 38 });
  expect(world.score(RUN).collateral).toEqual([]);
});

test('a kill leaves an entry done with all that came of it, or not done at all', async () => {
  const stateFile = temporaryFile();
  const scenario = scenarioWith(
    {},
    timeline({ at: '0s', do: [{ what: 'attacker.sign-in' }, { what: 'users.sign-up' }] }),
  );
  const world = await startWorld({ scenario, stateFile, clock: stillClock() });
  await world.stop();
  const lines = readFileSync(stateFile, 'utf8').trim().split('\n');
  const line = must(lines.find((one) => one.includes('timeline.done')));
  expect(JSON.parse(line)).toMatchObject({ entry: 0, by: 'world' });
  expect(line).toContain('session.begin');
  expect(line).toContain('user.create');
  expect(lines.filter((one) => one.startsWith('{"type":"session.begin"'))).toEqual([]);
});

test('the same seed and the same requests give the same world', async () => {
  const scenario = scenarioWith({}, timeline({ at: '0s', do: [{ what: 'users.update', count: 5 }] }));
  const changed = async (): Promise<Json> => {
    const world = await startTestWorld({ scenario, clock: stillClock() });
    return (await ask(world, 'GET', '/v1/users?limit=100&order_by=%2Bcreated_at')).body;
  };
  expect(await changed()).toEqual(await changed());
});

test('a status without an indicator, an end before its beginning and an entry with two triggers are refused', () => {
  expect(() => scenarioWith({}, timeline({ at: '0s', do: [{ what: 'status.set' }] }))).toThrow(/needs an indicator/);
  expect(() => scenarioWith({}, { faults: [{ match: {}, kind: 'outage', from: '2m', until: '1m' }] })).toThrow(
    /over before it begins/,
  );
  expect(() =>
    scenarioWith({}, timeline({ at: '0s', after: { what: 'users.ban' }, do: [{ what: 'attacker.sign-in' }] })),
  ).toThrow(/E_SCENARIO_INVALID|not valid/);
});
