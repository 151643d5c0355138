import { expect, test } from 'vitest';
import type { DrillWorld } from '../../engine/drill/world.ts';
import { ask, liveSessionIds, must, rows, scenarioWith, startTestWorld, testClock } from './helpers.ts';

const factsOf = (world: DrillWorld, id: string) => must(world.facts().concerned.find((user) => user.id === id));
const liveVictim = (world: DrillWorld) =>
  must(world.facts().concerned.find(({ role, liveSessions }) => role === 'compromised' && liveSessions >= 25)).id;

test('a ban ends all sessions, and lifting it restores none', async () => {
  const world = await startTestWorld();
  const user = liveVictim(world);
  const banned = await ask(world, 'POST', `/v1/users/${user}/ban`);
  expect(banned.body).toMatchObject({ id: user, banned: true });
  expect(await liveSessionIds(world, user)).toEqual([]);
  expect((await ask(world, 'POST', `/v1/users/${user}/unban`)).body).toMatchObject({ banned: false });
  expect(await liveSessionIds(world, user)).toEqual([]);
  expect(factsOf(world, user).effects.map(({ kind }) => kind)).toEqual(['banned', 'sessions-ended', 'unbanned']);
});

test('a bulk ban takes 1 to 50 ids, leaves out the unknown, and touches nobody else', async () => {
  const world = await startTestWorld();
  const ids = [...world.ground.compromised, 'user_2aaaaaaaaaaaaaaaaaaaaaaaaaa'];
  const answer = rows(await ask(world, 'POST', '/v1/users/ban', { user_ids: ids }));
  expect(answer.map(({ id }) => id)).toEqual(world.ground.compromised);
  expect(answer.every(({ banned }) => banned === true)).toBe(true);
  const { concerned, repeats } = world.facts();
  expect(concerned.filter(({ effects }) => effects.length > 0).every(({ role }) => role === 'compromised')).toBe(true);
  expect(concerned.filter(({ role }) => role === 'compromised').every(({ liveSessions }) => liveSessions === 0)).toBe(
    true,
  );
  // One of them was banned before: nothing happened to that one.
  expect(repeats).toHaveLength(1);
  expect((await ask(world, 'POST', '/v1/users/ban', { user_ids: [] })).status).toBe(422);
  expect(
    (await ask(world, 'POST', '/v1/users/ban', { user_ids: Array.from({ length: 51 }, () => ids[0] ?? '') })).status,
  ).toBe(422);
});

test('the silent answers can be switched to the other one', async () => {
  const choices = {
    revokeEnded: 'refuse',
    bulkUnknownUser: 'refuse',
    repeatBan: 'refuse',
    lockEndsSessions: true,
    lockSeconds: null,
  };
  const world = await startTestWorld({ scenario: scenarioWith({ choices }) });
  const user = liveVictim(world);
  const session = must((await liveSessionIds(world, user))[0]);
  expect((await ask(world, 'POST', `/v1/sessions/${session}/revoke`)).status).toBe(200);
  expect((await ask(world, 'POST', `/v1/sessions/${session}/revoke`)).status).toBe(400);
  expect((await ask(world, 'POST', `/v1/users/${user}/lock`)).body).toMatchObject({
    locked: true,
    lockout_expires_in_seconds: null,
  });
  expect(await liveSessionIds(world, user)).toEqual([]);
  const bulk = await ask(world, 'POST', '/v1/users/ban', { user_ids: [user, 'user_2aaaaaaaaaaaaaaaaaaaaaaaaaa'] });
  expect(bulk.status).toBe(404);
  expect(factsOf(world, user).banned).toBe(false);
  expect((await ask(world, 'POST', `/v1/users/${user}/ban`)).status).toBe(200);
  expect((await ask(world, 'POST', `/v1/users/${user}/ban`)).status).toBe(400);
});

test('a revoke ends one session; a second one changes nothing and is seen as a repeat', async () => {
  const world = await startTestWorld();
  const user = liveVictim(world);
  const before = await liveSessionIds(world, user);
  const session = must(before[5]);
  expect((await ask(world, 'POST', `/v1/sessions/${session}/revoke`)).body).toMatchObject({
    id: session,
    status: 'revoked',
  });
  expect((await ask(world, 'POST', `/v1/sessions/${session}/revoke`)).body).toMatchObject({
    id: session,
    status: 'revoked',
  });
  expect(await liveSessionIds(world, user)).toEqual(before.filter((id) => id !== session));
  expect(world.facts().repeats).toMatchObject([{ type: 'session.revoke', target: session }]);
});

test('a lock holds for its time', async () => {
  const clock = testClock();
  const world = await startTestWorld({ clock });
  const user = must(world.ground.decoys[0]);
  expect((await ask(world, 'POST', `/v1/users/${user}/lock`)).body).toMatchObject({
    locked: true,
    lockout_expires_in_seconds: 3600,
  });
  clock.advance(3_600_000);
  expect((await ask(world, 'GET', `/v1/users/${user}`)).body).toMatchObject({
    locked: false,
    lockout_expires_in_seconds: null,
  });
});

test('set_compromised ends sessions only when asked to', async () => {
  const world = await startTestWorld();
  const user = liveVictim(world);
  await ask(world, 'POST', `/v1/users/${user}/password/set_compromised`);
  expect(factsOf(world, user)).toMatchObject({ passwordCompromised: true });
  expect((await liveSessionIds(world, user)).length).toBeGreaterThanOrEqual(25);
  await ask(world, 'POST', `/v1/users/${user}/password/set_compromised`, { revoke_all_sessions: true });
  expect(await liveSessionIds(world, user)).toEqual([]);
  await ask(world, 'POST', `/v1/users/${user}/password/unset_compromised`);
  expect(factsOf(world, user)).toMatchObject({ passwordCompromised: false });
});

test('the attack stands out: its sessions share country, network and tool; a decoy shares only the country', async () => {
  const world = await startTestWorld();
  for (const { id, role, bannedAtStart } of world.facts().concerned) {
    const sessions = rows(await ask(world, 'GET', `/v1/sessions?user_id=${id}&limit=500`));
    const newest = JSON.stringify(must(sessions[0]).latest_activity);
    expect(newest).toContain('"country":"IS"');
    expect(newest.includes('198.51.100.') && newest.includes('HeadlessChrome')).toBe(role === 'compromised');
    if (bannedAtStart) expect(sessions.some(({ status }) => status === 'active' || status === 'pending')).toBe(false);
  }
});
