import { expect, test } from 'vitest';
import { RateLimiter } from '../../../actions/clerk/api/rate-limit.ts';
import { FakeClock } from '../fake-context.ts';

test('lets a whole window through at once and never more in any window', async () => {
  const clock = new FakeClock();
  const limiter = new RateLimiter(100);
  const times: number[] = [];
  for (let n = 0; n < 350; n++) {
    await limiter.take(clock);
    times.push(clock.now());
  }
  for (const [index, at] of times.entries()) {
    const hundredBefore = times[index - 100];
    if (hundredBefore !== undefined) expect(at - hundredBefore).toBeGreaterThanOrEqual(10_000);
  }
  expect(clock.sleptMs).toBeLessThan(31_000);
});

test('waits out Retry-After, and a storm of 429s lowers the allowance once', async () => {
  const clock = new FakeClock();
  const limiter = new RateLimiter(1000);
  const underWay = [await limiter.take(clock), await limiter.take(clock), await limiter.take(clock)];
  for (const ticket of underWay.slice(1)) limiter.refuse(ticket, clock.now(), 7000);
  await limiter.take(clock);
  expect(clock.sleptMs).toBe(7000);
  for (const ticket of underWay) limiter.refuse(ticket, clock.now(), 0);
  expect(limiter.allowance).toBe(700);
});

test('never falls below a tenth, and recovers to the published limit', async () => {
  const clock = new FakeClock();
  const limiter = new RateLimiter(1000);
  for (let n = 0; n < 30; n++) {
    limiter.refuse(await limiter.take(clock), clock.now(), 1000);
  }
  await limiter.take(clock);
  expect(limiter.allowance).toBe(100);
  for (let n = 0; n < 15; n++) {
    await clock.sleep(10_000);
    await limiter.take(clock);
  }
  expect(limiter.allowance).toBe(1000);
});

/**
 * Clerk's side: 1,000 admitted requests in any 10 s, those of the app among them, which come evenly. After an over-run all
 * further ones are refused until the time has passed.
 */
function simulate(options: { readonly windows: number; readonly appPerWindow?: number; readonly strayAt?: number }) {
  const { windows, appPerWindow = 0, strayAt } = options;
  const clock = new FakeClock();
  const start = clock.now();
  const limiter = new RateLimiter(1000);
  let admitted: number[] = [];
  let blockedUntil = 0;
  let appSent = 0;
  let done = 0;
  const refusedAt: number[] = [];
  const admit = (at: number): number | undefined => {
    if (at < blockedUntil) return blockedUntil - at;
    admitted = admitted.filter((one) => one > at - 10_000);
    const oldest = admitted[0];
    if (admitted.length < 1000 || oldest === undefined) {
      admitted.push(at);
      return undefined;
    }
    blockedUntil = at + Math.ceil((oldest + 10_000 - at) / 1000) * 1000;
    return blockedUntil - at;
  };
  const letTheAppSend = (now: number): void => {
    for (; start + (appSent * 10_000) / appPerWindow < now; appSent++) admit(start + (appSent * 10_000) / appPerWindow);
  };
  const run = async () => {
    while (clock.now() < start + windows * 10_000) {
      const ticket = await limiter.take(clock);
      // Eight at once, 16 ms each.
      clock.nowMs += 2;
      if (appPerWindow > 0) letTheAppSend(clock.now());
      const isStray = done === strayAt && refusedAt.length === 0;
      const retryAfterMs = isStray ? 1000 : admit(clock.now());
      if (retryAfterMs === undefined) done++;
      else {
        refusedAt.push(clock.now() - start);
        limiter.refuse(ticket, clock.now(), retryAfterMs);
      }
    }
    return { done, refusedAt };
  };
  return run();
}

test('alone it uses at least 95 % of the published limit and is never refused', async () => {
  const { done, refusedAt } = await simulate({ windows: 20 });
  expect(refusedAt).toEqual([]);
  expect(done).toBeGreaterThanOrEqual(0.95 * 20 * 1000);
});

test('beside an app that uses half of the limit it settles, and asks for more only once in ten windows', async () => {
  const { done, refusedAt } = await simulate({ windows: 60, appPerWindow: 500 });
  const settled = refusedAt.filter((at) => at > 50_000);
  expect(settled.length).toBeLessThanOrEqual(6);
  expect(refusedAt.length).toBeLessThanOrEqual(9);
  expect(done).toBeGreaterThanOrEqual(0.8 * 60 * 500);
});

test('a single stray 429 costs less than two windows', async () => {
  const undisturbed = await simulate({ windows: 20 });
  for (const strayAt of [0, 10, 500, 999, 1500]) {
    const { done, refusedAt } = await simulate({ windows: 20, strayAt });
    expect(refusedAt).toHaveLength(1);
    expect(undisturbed.done - done).toBeLessThan(2000);
  }
});

test('a clock set back or an absurd Retry-After holds nothing for longer than a minute', async () => {
  const clock = new FakeClock();
  const limiter = new RateLimiter(10);
  for (let n = 0; n < 10; n++) await limiter.take(clock);
  clock.nowMs -= 86_400_000;
  await limiter.take(clock);
  expect(clock.sleptMs).toBeLessThan(11_000);
  limiter.refuse(await limiter.take(clock), clock.now(), 1e9);
  const before = clock.sleptMs;
  await limiter.take(clock);
  expect(clock.sleptMs - before).toBeLessThanOrEqual(60_000);
});
