// The signs that need all of a session (device, browser, actor) against the drill's emulator, which knows who is in where.
import { expect, test } from 'vitest';
import findSuspicious from '../../../actions/clerk/find-suspicious-sessions.ts';
import type { JsonObject } from '../../../engine/action.ts';
import type { DrillWorld } from '../../../engine/drill/world.ts';
import { scenarioWith, startTestWorld } from '../../drill/helpers.ts';
import { type FakeRun, fakeRun } from '../fake-context.ts';

async function startDrill(): Promise<{ readonly world: DrillWorld; readonly run: FakeRun }> {
  const world = await startTestWorld({
    scenario: scenarioWith({ compromised: { count: 4, impersonatedSessions: 2 }, decoys: 1 }),
  });
  return { world, run: fakeRun({ secrets: { CLERK_SECRET_KEY: world.secretKey }, env: world.env }) };
}

const reasonsOf = (output: JsonObject): string[] =>
  (output.sessions as { reason: string }[]).map(({ reason }) => reason);

test('finds exactly the compromised by the tool that the intruder uses, with the device as evidence', async () => {
  const { world, run } = await startDrill();
  const output = await run.run(findSuspicious, { badDevices: ['headlesschrome'] });
  expect(output.users).toEqual([...world.ground.compromised].sort());
  expect(new Set(reasonsOf(output))).toEqual(new Set(['device Linux, HeadlessChrome is known to be bad']));
  expect((output.sessions as JsonObject[])[0]).toMatchObject({
    device: 'Linux',
    browser: 'HeadlessChrome',
    createdAt: expect.stringMatching(/Z$/),
  });
});

test('finds those whose device is not among the expected, by type or by browser', async () => {
  const { world, run } = await startDrill();
  const devices = ['Macintosh', 'Windows', 'iPhone', 'Chrome'];
  const output = await run.run(findSuspicious, { devices });
  expect(output.users).toEqual([...world.ground.compromised].sort());
});

test('finds sessions that were begun by impersonation, and who is behind them', async () => {
  const { world, run } = await startDrill();
  const output = await run.run(findSuspicious, { impersonation: true });
  expect(output.sessions).toHaveLength(2);
  expect((output.users as string[]).every((user) => world.ground.compromised.includes(user))).toBe(true);
  expect((output.sessions as JsonObject[])[0]).toMatchObject({
    actor: expect.stringMatching(/^user_/),
    reason: expect.stringMatching(/^begun by impersonation, by user_/),
  });
});

test('a longer time between countries finds more, and stands beside other signs', async () => {
  const { world, run } = await startDrill();
  const input = { users: [...world.ground.compromised], impersonation: true };
  const short = await run.run(findSuspicious, { ...input, travelMinutes: 1 });
  const long = await run.run(findSuspicious, { ...input, travelMinutes: 720 });
  const travelled = (output: JsonObject): number => reasonsOf(output).filter((one) => one.includes('active in')).length;
  expect(travelled(long)).toBeGreaterThan(travelled(short));
  expect(long.users).toEqual([...world.ground.compromised].sort());
  expect(reasonsOf(long).some((reason) => /impersonation.*; active in IS and/.test(reason))).toBe(true);
});

test('says beforehand how many requests it takes and how long, and takes that many', async () => {
  const { world, run } = await startDrill();
  await run.run(findSuspicious, { badDevices: ['HeadlessChrome'] });
  expect(run.logs[0]).toBe('40 users: about 42 requests, a few seconds at 1000 requests per 10 s');
  expect(world.requests().reduce((sum, { requests }) => sum + requests, 0)).toBe(42);
});
