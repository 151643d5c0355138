// A world's file over the time in which this program and its scenarios change.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { Scenario } from '../../engine/drill/scenario.ts';
import { startWorld } from '../../engine/drill/world.ts';
import { resetWorldFile } from '../../engine/drill/world-file.ts';
import { ask, must, scenarioWith, startTestWorld, temporaryFile } from './helpers.ts';

/** Rewrites the scenario in a file's header. */
function rewrite(stateFile: string, change: (scenario: Scenario) => object): void {
  const [line, ...rest] = readFileSync(stateFile, 'utf8').split('\n');
  const header = JSON.parse(must(line));
  writeFileSync(stateFile, [JSON.stringify({ ...header, scenario: change(header.scenario) }), ...rest].join('\n'));
}

async function made(scenario = scenarioWith()): Promise<string> {
  const stateFile = temporaryFile();
  await (await startWorld({ scenario, stateFile })).stop();
  return stateFile;
}

test('a file from before scenarios had keys, credentials, services and a timeline is resumed', async () => {
  const stateFile = await made();
  rewrite(stateFile, ({ timeline: _t, complaints: _c, ...scenario }) => {
    const { keys: _k, credentials: _r, services: _s, ...world } = scenario.world;
    return { ...scenario, world };
  });
  const world = await startTestWorld({ scenario: undefined, stateFile });
  expect((await ask(world, 'GET', '/v1/users/count')).body).toMatchObject({ total_count: 40 });
});

test('a file whose scenario this version does not know says what to do', async () => {
  const stateFile = await made();
  rewrite(stateFile, (scenario) => ({ ...scenario, world: { ...scenario.world, tides: 'high' } }));
  await expect(startWorld({ stateFile })).rejects.toMatchObject({
    code: 'E_WORLD_FILE',
    message: expect.stringContaining("world: unknown field 'tides'"),
    hint: expect.stringContaining('delete the file to start anew'),
  });
});

test('a scenario that was edited is not silently ignored, and the same one is taken', async () => {
  const faults = [{ match: { path: '/v1/users' }, kind: 'error', status: 500, from: '10s', until: '1m' }];
  const scenario = scenarioWith({}, { faults, timeline: [{ at: '1m', do: [{ what: 'users.sign-up' }] }] });
  const stateFile = await made(scenario);
  const same = await startWorld({ scenario, stateFile });
  expect(same.isResumed).toBe(true);
  await same.stop();
  await expect(startWorld({ scenario: scenarioWith({ users: 90 }), stateFile })).rejects.toMatchObject({
    code: 'E_WORLD_MISMATCH',
    message: expect.stringContaining('has changed since'),
  });
});

test('a reset leaves a whole world and nothing beside it', async () => {
  const stateFile = await made();
  const before = JSON.parse(must(readFileSync(stateFile, 'utf8').split('\n')[0]));
  resetWorldFile(stateFile, before.startedAt + 5000);
  const [line, served, ...rest] = readFileSync(stateFile, 'utf8').split('\n');
  expect(JSON.parse(must(line))).toEqual({ ...before, startedAt: before.startedAt + 5000 });
  expect(JSON.parse(must(served))).toMatchObject({ type: 'world.served', at: before.startedAt + 5000 });
  expect(rest).toEqual(['']);
  expect(existsSync(`${stateFile}.new`)).toBe(false);
});
