import { describe, expect, test } from 'vitest';
import { histogramOf, latencyOf, verdictOf } from '../../../actions/clerk/performance/latency.ts';
import { takeSamples } from '../../../actions/clerk/performance/measure.ts';
import { measureOf, networkAdvice, summarizeMeasures } from '../../../actions/clerk/performance/performance-report.ts';

const times = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, index) => from + index);

test('percentiles are figures that were measured, by nearest rank, whatever the order', () => {
  expect(latencyOf(times(1, 100).reverse(), 0)).toEqual({
    samples: 100,
    errors: 0,
    p50: 50,
    p95: 95,
    p99: 99,
    max: 100,
  });
  expect(latencyOf([7], 2)).toEqual({ samples: 3, errors: 2, p50: 7, p95: 7, p99: 7, max: 7 });
  expect(latencyOf([], 3)).toEqual({ samples: 3, errors: 3 });
});

test('a measure ends with what it is measured with: what then fails is not counted, and the report says that it was cut', async () => {
  let calls = 0;
  const sampling = { samples: 20, warmUp: 1, budgetMs: 60_000, isOver: () => calls >= 4 };
  const work = () => (++calls < 4 ? Promise.resolve() : Promise.reject(new Error('the token has expired')));
  const sampled = await takeSamples({ signal: new AbortController().signal }, sampling, work);
  expect(sampled).toMatchObject({ errors: 0, isCut: true });
  expect(sampled.times).toHaveLength(2);
  const measure = measureOf('authCheck', 60_000, sampled);
  expect(measure).toMatchObject({
    verdict: 'ok',
    samples: 2,
    advice: expect.stringContaining('Cut short: the token ran'),
  });
});

describe('a verdict', () => {
  test('is slow by the 95th percentile, so that one straggler among many is none', () => {
    expect(verdictOf(latencyOf([...times(1, 99), 5000], 0), 100)).toBe('ok');
    expect(verdictOf(latencyOf([...times(1, 90), ...Array(10).fill(5000)], 0), 100)).toBe('slow');
  });
  test('holds at the threshold itself', () => {
    expect(verdictOf(latencyOf([100], 0), 100)).toBe('ok');
    expect(verdictOf(latencyOf([100.01], 0), 100)).toBe('slow');
  });
  test('is failing with over a tenth of errors, however fast the rest', () => {
    expect(verdictOf(latencyOf(times(1, 9), 1), 100)).toBe('ok');
    expect(verdictOf(latencyOf(times(1, 8), 1), 100)).toBe('failing');
    expect(verdictOf(latencyOf([], 5), 100)).toBe('failing');
    expect(verdictOf(latencyOf([], 0), 100)).toBe('not-measured');
  });
});

test('a histogram has a row a range from the fastest to the slowest, empty ones between included', () => {
  expect(histogramOf([30, 40, 400, 9000])).toEqual([
    '  <= 50 ms  ##############################  2',
    ' <= 100 ms                                  0',
    ' <= 250 ms                                  0',
    ' <= 500 ms  ###############                 1',
    '<= 1000 ms                                  0',
    '<= 2500 ms                                  0',
    '<= 5000 ms                                  0',
    ' > 5000 ms  ###############                 1',
  ]);
  expect(histogramOf([])).toEqual([]);
});

test('the summary gives the seed’s advice for what is slow, and the histogram only there', () => {
  const slow = measureOf('authCheck', 100, { times: [150, 160], errors: 0 });
  const well = measureOf('getUserList', 500, { times: [40], errors: 0 });
  const text = summarizeMeasures([slow, well], 'Network: so it is');
  expect(text).toContain('- authCheck slow: p50 150 ms, p95 160 ms');
  expect(text).toContain('Auth check slow - check middleware configuration');
  expect(text).toContain('      <= 250 ms');
  expect(text).toMatch(/- getUserList ok: p50 40 ms, [^\n]*\n- Network: so it is$/);
});

test('says whether the time goes to the network or to Clerk, and when it cannot', () => {
  const at = (name: 'roundTrip' | 'getUserList', ms: number) => measureOf(name, 500, { times: [ms], errors: 0 });
  expect(networkAdvice(at('roundTrip', 20), at('getUserList', 900))).toMatch(/^Clerk: /);
  expect(networkAdvice(at('roundTrip', 800), at('getUserList', 900))).toMatch(/^Network: /);
  expect(networkAdvice(measureOf('roundTrip', 500, { times: [], errors: 2 }), at('getUserList', 9))).toMatch(/^Cannot/);
});
