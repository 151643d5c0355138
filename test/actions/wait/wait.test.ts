import { expect, test } from 'vitest';
import wait from '../../../actions/wait/wait.ts';
import { PermanentFailure } from '../../../engine/action.ts';
import { FakeClock, fakeRun } from '../fake-context.ts';

const START = Date.UTC(2026, 10, 24, 3, 0, 0);

test('waits for a length of time', async () => {
  const clock = new FakeClock();
  expect(await fakeRun({}, clock).run(wait, { for: '90s' })).toEqual({
    waitedMs: 90_000,
    endedAt: '2026-11-24T03:01:30.000Z',
  });
  expect(clock.sleptMs).toBe(90_000);
});

test('waits until a point in time, whatever its zone, and not at all where it is past', async () => {
  const clock = new FakeClock();
  expect(await fakeRun({}, clock).run(wait, { until: '2026-11-24T05:10:00+02:00' })).toMatchObject({
    waitedMs: 600_000,
  });
  expect(await fakeRun({}, clock).run(wait, { until: '2026-11-24T03:00:00Z' })).toMatchObject({ waitedMs: 0 });
});

test('a point in time holds although the machine slept', async () => {
  const clock = new FakeClock();
  const running = fakeRun({}, clock);
  const sleepy = {
    ...wait,
    run: (input: never, ctx: typeof running.ctx) =>
      wait.run(input, {
        ...ctx,
        // Each wait takes ten times as long as it was to.
        sleep: (ms) => clock.sleep(ms * 10),
      }),
  };
  await running.run(sleepy, { until: new Date(START + 3_600_000).toISOString() });
  expect(clock.nowMs - START).toBeLessThanOrEqual(3_600_000 + 600_000);
});

test('says how far it is, a bounded number of times', async () => {
  for (const [length, most] of [
    ['1s', 1],
    ['10m', 60],
    ['2h', 120],
  ] as const) {
    const said: (readonly [number, number | undefined])[] = [];
    const running = fakeRun();
    const counting = {
      ...wait,
      run: (input: never, ctx: typeof running.ctx) =>
        wait.run(input, { ...ctx, progress: (done, total) => void said.push([done, total]) }),
    };
    await running.run(counting, { for: length });
    expect(said.length).toBeGreaterThan(0);
    expect(said.length).toBeLessThanOrEqual(most);
    expect(said[0]?.[0]).toBe(0);
  }
});

test('a pause interrupts it', async () => {
  const running = fakeRun();
  running.abort.abort(new Error('paused'));
  await expect(running.run(wait, { for: '1h' })).rejects.toThrow('paused');
});

test('a plan does not wait', async () => {
  const clock = new FakeClock();
  await fakeRun({ planning: true }, clock).run(wait, { for: '2h' });
  expect(clock.sleptMs).toBe(0);
});

test.for<[string, { readonly [name: string]: string }]>([
  ['nothing given', {}],
  ['both given', { for: '1s', until: '2026-11-24T05:00:00Z' }],
  ['more than seven days', { for: '8d' }],
  ['a time more than seven days away', { until: '2027-11-24T05:00:00Z' }],
])('refuses %s', async ([, input]) => {
  await expect(fakeRun().run(wait, input)).rejects.toBeInstanceOf(PermanentFailure);
});

test.for<[string, { readonly [name: string]: string }]>([
  ['a length without a unit', { for: '90' }],
  ['a time without a zone', { until: '2026-11-24T05:00:00' }],
])('its input schema refuses %s', async ([, input]) => {
  await expect(fakeRun().run(wait, input)).rejects.toThrow(/input/);
});
