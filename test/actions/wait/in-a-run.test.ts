// wait in whole runs: a pause interrupts it, and it shows how far it is.
import { afterEach, beforeEach, expect, test } from 'vitest';
import wait from '../../../actions/wait/wait.ts';
import { systemClock } from '../../../engine/run/clock.ts';
import { ofType, openWorld, playbook, type World } from '../../run/harness.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld(wait);
});
afterEach(() => world.close());

test('a pause interrupts it at once, and it is taken up again on resume', async () => {
  const pause = new AbortController();
  const yaml = playbook('  - { id: pause, title: Wait, uses: wait, with: { for: 1h } }\n');
  const clock: typeof systemClock = {
    ...systemClock,
    after(ms, callback) {
      // The wait's own slice: a minute of the hour.
      if (ms === 60_000) pause.abort();
      return systemClock.after(ms, callback);
    },
  };
  const { runId, plan, end } = await world.start(yaml, { pause: pause.signal, clock });
  expect(end.status).not.toBe('done');
  expect(ofType(await world.events(runId), 'attempt.interrupted')).toMatchObject([{ data: { reason: 'operator' } }]);
  const fast: typeof systemClock = {
    ...systemClock,
    after: (ms, callback) => systemClock.after(ms === 60_000 ? 0 : ms, callback),
  };
  const resumed = await world.resume(runId, plan, { clock: fast });
  expect(resumed.end.status).toBe('done');
  const progress = ofType(await world.events(runId), 'step.progress');
  expect(progress.length).toBeGreaterThan(0);
  expect(progress.at(-1)?.data).toMatchObject({ total: 3600, unit: 's' });
});

test('its output says when it ended', async () => {
  const { end, state } = await world.start(
    playbook(`  - { id: pause, title: Wait, uses: wait, with: { for: 20ms } }
  - { id: past, title: Wait no more, uses: wait, with: { until: "\${{ steps.pause.output.endedAt }}" }, assert: [output.waitedMs < 60000] }
`),
  );
  expect(end.status).toBe('done');
  expect(state.steps.get('past')?.phase).toBe('done');
});
