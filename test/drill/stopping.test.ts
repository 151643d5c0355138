// A world that stops writes nothing more: not into its own file, nor into the one that comes after it.
import { readFileSync } from 'node:fs';
import { expect, onTestFinished, test } from 'vitest';
import { startWorld } from '../../engine/drill/world.ts';
import { createWorldFile, openWorldFile, resetWorldFile } from '../../engine/drill/world-file.ts';
import { ask, must, scenarioWith, startTestWorld, temporaryFile } from './helpers.ts';
import { untilApp } from './services/app-world.ts';
import { manualClock } from './services/manual-clock.ts';

/** Resolves when so many wait for the clock. */
function countingClock() {
  const clock = manualClock();
  const asleep: number[] = [];
  let noticed: () => void = () => undefined;
  return {
    ...clock,
    sleep: (ms: number) => {
      asleep.push(ms);
      noticed();
      return clock.sleep(ms);
    },
    untilAsleep: (ms: number) =>
      new Promise<void>((resolve) => {
        noticed = () => {
          if (asleep.includes(ms)) resolve();
        };
        noticed();
      }),
  };
}

test('a request that sleeps over a reset does not write into the new world', async () => {
  const stateFile = temporaryFile();
  const clock = countingClock();
  const slow = { match: { method: 'POST', path: '/v1/users/*/ban' }, kind: 'latency', latencyMs: 400 };
  const world = await startWorld({ scenario: scenarioWith({}, { faults: [slow] }), stateFile, clock });
  const answer = ask(world, 'POST', `/v1/users/${must(world.ground.decoys[0])}/ban`).then(
    ({ status }) => status,
    () => 'cut',
  );
  await clock.untilAsleep(400);
  await world.stop();
  resetWorldFile(stateFile, clock.now());
  const next = await startTestWorld({ scenario: undefined, stateFile, clock });
  clock.advance(400);
  expect(await answer).toBe('cut');
  // Answered after whatever the sleeper did.
  expect((await ask(next, 'GET', '/v1/users/count')).status).toBe(200);
  expect(readFileSync(stateFile, 'utf8')).not.toContain('users.ban');
});

test('an app that looks at its health while the world stops is not unwell by it', async () => {
  const stateFile = temporaryFile();
  const clock = countingClock();
  const slow = { match: { method: 'GET', path: '/v1/users' }, kind: 'latency', latencyMs: 400, afterRequests: 1 };
  const scenario = scenarioWith({ app: { watchSeconds: 1 } }, { faults: [slow] });
  const world = await startWorld({ scenario, stateFile, clock });
  await untilApp(world, ({ health }) => health === 'healthy');
  await clock.untilAsleep(1000);
  clock.advance(1000);
  await clock.untilAsleep(400);
  await world.stop();
  expect(readFileSync(stateFile, 'utf8')).not.toContain('"healthy":false');
});

test('a world that stops does not wait for the next look of its app', async () => {
  const clock = countingClock();
  const scenario = scenarioWith({ app: { watchSeconds: 60 } });
  const world = await startWorld({ scenario, stateFile: temporaryFile(), clock });
  await clock.untilAsleep(60_000);
  await world.stop();
});

test('a file that is closed takes nothing more, and closes but once', async () => {
  const path = temporaryFile();
  const world = await startWorld({ scenario: scenarioWith(), stateFile: path });
  await world.stop();
  const closed = openWorldFile(path);
  closed.close();
  // Most likely on the very descriptor that was closed.
  const { format: _, ...header } = closed.header;
  const other = createWorldFile(temporaryFile('other.ndjson'), header);
  onTestFinished(() => other.close());
  const late = { type: 'users.ban', at: 0, users: [] } as const;
  expect(() => closed.append(late)).toThrow(/has stopped: users\.ban was not written/);
  closed.close();
  other.append(late);
  expect(readFileSync(other.path, 'utf8').trimEnd().split('\n')).toHaveLength(2);
});
