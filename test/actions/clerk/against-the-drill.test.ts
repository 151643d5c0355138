// The same actions against the drill's Clerk emulator, whose own account of its state is the judge.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import banUsers from '../../../actions/clerk/ban-users.ts';
import countActiveSessions from '../../../actions/clerk/count-active-sessions.ts';
import findSuspicious from '../../../actions/clerk/find-suspicious-sessions.ts';
import revokeSessions from '../../../actions/clerk/revoke-sessions.ts';
import clerkStatus from '../../../actions/clerk/status.ts';
import unbanUsers from '../../../actions/clerk/unban-users.ts';
import envCheck from '../../../actions/env/check.ts';
import { type Choices, type Fault, parseScenario, type Scenario } from '../../../engine/drill/scenario.ts';
import type { DrillWorld } from '../../../engine/drill/world.ts';
import { startWorld } from '../../../engine/drill/world.ts';
import { FakeClock, type FakeOptions, type FakeRun, fakeRun } from '../fake-context.ts';

const SCENARIO = `
apiVersion: runbook/v1
kind: Scenario
name: actions
title: A small attack
playbook: none
seed: 7
alert: Somebody is in
world:
  users: 120
  instance: { environment: production }
  compromised:
    count: 8
    bannedBefore: 1
    manySessions: { users: 1, sessions: 27 }
    pendingSessions: 2
    from: { country: IS, city: Reykjavik, ipPrefix: "198.51.100" }
    withinHours: 6
  decoys: 2
faults: []
answers: { inputs: {}, steps: {}, approvals: [] }
success: { passMark: 80, containWithinSeconds: 600, maxMissed: 0, maxCollateral: 0 }
`;

interface Drill {
  readonly world: DrillWorld;
  run(options?: FakeOptions): FakeRun;
}

async function startDrill(faults: readonly Fault[] = [], choices: Partial<Choices> = {}): Promise<Drill> {
  const folder = await mkdtemp(join(tmpdir(), 'drill-'));
  const parsed = parseScenario(SCENARIO, 'actions.yaml');
  const scenario: Scenario = {
    ...parsed,
    faults,
    world: { ...parsed.world, choices: { ...parsed.world.choices, ...choices } },
  };
  const clock = new FakeClock();
  const world = await startWorld({ scenario, stateFile: join(folder, 'world.jsonl'), clock });
  onTestFinished(async () => {
    await world.stop();
    await rm(folder, { recursive: true });
  });
  const secrets = { CLERK_SECRET_KEY: world.secretKey };
  return { world, run: (options) => fakeRun({ secrets, env: world.env, ...options }, clock) };
}

const fault = (method: string, path: string, more: Partial<Fault> & Pick<Fault, 'kind'>): Fault => ({
  match: { server: 'clerk', method, path },
  rate: 1,
  afterRequests: 0,
  status: 500,
  latencyMs: 0,
  retryAfterSeconds: 1,
  contentType: 'text/html',
  chunkBytes: 64,
  chunkEveryMs: 0,
  how: 'unavailable',
  ...more,
});

test('finds exactly the users whom the attacker is in, by his network, those banned before included', async () => {
  const { world, run } = await startDrill();
  const activeSince = new Date(world.startedAt - 7 * 3_600_000).toISOString();
  const output = await run().run(findSuspicious, { ips: ['198.51.100.0/24'], activeSince });
  expect(output).toMatchObject({ users: [...world.ground.compromised].sort() });
});

test.for<[string, readonly Fault[], Partial<Choices>]>([
  ['nothing goes wrong', [], {}],
  ['a repeated revoke is refused', [], { revokeEnded: 'refuse', repeatBan: 'refuse' }],
  [
    'answers are lost after the effect',
    [fault('POST', '/v1/sessions/*', { kind: 'drop-answer', rate: 0.3 })],
    { revokeEnded: 'refuse' },
  ],
  ['a fifth of all calls is refused with 429', [fault('POST', '/v1/*', { kind: 'rate-limit', rate: 0.2 })], {}],
  ['a fifth of all calls fails with 500', [fault('POST', '/v1/*', { kind: 'error', rate: 0.2 })], {}],
  ['a fifth of all reads is cut off', [fault('GET', '/v1/*', { kind: 'reset', rate: 0.2 })], {}],
  [
    'answers come with another content type',
    [fault('POST', '/v1/sessions/*', { kind: 'content-type', rate: 0.3 })],
    {},
  ],
])('contains the breach although %s', async ([, faults, choices]) => {
  const { world, run } = await startDrill(faults, choices);
  const users = world.ground.compromised;
  const before = world.facts().concerned.filter((one) => one.role === 'compromised');
  const live = before.reduce((sum, one) => sum + one.liveSessions, 0);

  const revoked = await run().run(revokeSessions, { users: [...users] });
  expect(revoked).toMatchObject({ users: 8, remaining: 0 });
  expect(Number(revoked.revoked) + Number(revoked.alreadyEnded)).toBe(live);
  expect(await run().run(banUsers, { users: [...users] })).toEqual({ banned: 7, alreadyBanned: 1, failed: [] });
  expect(await run().run(countActiveSessions, { users: [...users] })).toMatchObject({ count: 0 });

  const touched = world.facts().concerned.filter((one) => one.effects.length > 0 && one.role !== 'compromised');
  const after = world.facts().concerned.filter((one) => one.role === 'compromised');
  expect(touched).toEqual([]);
  expect(after.every((one) => one.banned && one.liveSessions === 0)).toBe(true);
});

test('unban takes the ban back', async () => {
  const { world, run } = await startDrill();
  const users = world.ground.compromised.slice(-3);
  const banned = await run().run(banUsers, { users: [...users] });
  expect(await run().run(unbanUsers, { users: [...users] })).toMatchObject({ failed: [] });
  expect(banned).toMatchObject({ failed: [] });
  expect(world.facts().concerned.filter((one) => users.includes(one.id) && one.banned)).toEqual([]);
});

test('a plan leaves the world as it is', async () => {
  const { world, run } = await startDrill();
  const users = [...world.ground.compromised];
  await run({ planning: true }).run(revokeSessions, { users });
  await run({ planning: true }).run(banUsers, { users });
  expect(world.changeRequests()).toEqual([]);
});

test('reads the status page and passes the environment of the drill', async () => {
  const { world, run } = await startDrill();
  expect(await run().run(clerkStatus, {})).toMatchObject({ indicator: 'none', source: '/api/v2/summary.json' });
  const names = Object.keys(world.env).filter((name) => /KEY$|_URL$/.test(name));
  expect(await run().run(envCheck, { variables: names.map((name) => ({ name })) })).toMatchObject({ ok: true });
});
