import { expect, test } from 'vitest';
import { RateLimiter } from '../../../actions/clerk/rate-limit.ts';
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

test('waits out Retry-After, and a storm of 429s halves the allowance once', async () => {
  const clock = new FakeClock();
  const limiter = new RateLimiter(1000);
  const underWay = [await limiter.take(clock), await limiter.take(clock), await limiter.take(clock)];
  for (const ticket of underWay.slice(1)) limiter.refuse(ticket, clock.now(), 7000);
  await limiter.take(clock);
  expect(clock.sleptMs).toBe(7000);
  for (const ticket of underWay) limiter.refuse(ticket, clock.now(), 0);
  expect(limiter.allowance).toBe(500);
});

test('never falls below a tenth, and recovers to the published limit', async () => {
  const clock = new FakeClock();
  const limiter = new RateLimiter(1000);
  for (let n = 0; n < 30; n++) {
    limiter.refuse(await limiter.take(clock), clock.now(), 1000);
  }
  await limiter.take(clock);
  expect(limiter.allowance).toBe(100);
  for (let n = 0; n < 9; n++) {
    await clock.sleep(10_000);
    await limiter.take(clock);
  }
  expect(limiter.allowance).toBe(1000);
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
