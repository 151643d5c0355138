// Figures of a list of times, and what they say. Pure.

/** Upper bounds of the histogram's rows, in milliseconds; one more row holds what is above. */
const BUCKETS_MS = [1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000] as const;
const BAR_WIDTH = 30;
/** More errors than this share of the samples: it is not slow, it fails. */
const FAILING_SHARE = 0.1;

export interface Latency {
  readonly samples: number;
  readonly errors: number;
  /** Milliseconds, rounded to a hundredth; absent where no sample went well. */
  readonly p50?: number;
  readonly p95?: number;
  readonly p99?: number;
  readonly max?: number;
}

/** `not-asked`: nothing was given to measure it with; `not-measured`: it was asked for, and could not be measured. */
export type Verdict = 'ok' | 'slow' | 'failing' | 'not-measured' | 'not-asked';

/** @param times of the samples that went well, in any order. */
export function latencyOf(times: readonly number[], errors: number): Latency {
  const sorted = [...times].sort((a, b) => a - b);
  const base = { samples: times.length + errors, errors };
  if (sorted.length === 0) return base;
  // Nearest rank: a figure that was really measured, also of few samples.
  const at = (share: number): number => round(sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0);
  return { ...base, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}

/** By the 95th percentile: a mean hides the few that people complain of, a maximum shouts of one. */
export function verdictOf({ samples, errors, p95 }: Latency, thresholdMs: number): Verdict {
  if (samples === 0) return 'not-measured';
  if (errors > samples * FAILING_SHARE || p95 === undefined) return 'failing';
  return p95 > thresholdMs ? 'slow' : 'ok';
}

/** One line a range that has samples, with a bar: `<= 100 ms  ######  12`. */
export function histogramOf(times: readonly number[]): readonly string[] {
  const bounds: readonly number[] = [...BUCKETS_MS, Number.POSITIVE_INFINITY];
  const rows = bounds.map((bound, index) => {
    const above = bounds[index - 1] ?? Number.NEGATIVE_INFINITY;
    return { bound, count: times.filter((time) => time > above && time <= bound).length };
  });
  const first = rows.findIndex(({ count }) => count > 0);
  const last = rows.findLastIndex(({ count }) => count > 0);
  if (first < 0) return [];
  const most = Math.max(...rows.map(({ count }) => count));
  return rows.slice(first, last + 1).map(({ bound, count }) => {
    const label = Number.isFinite(bound) ? `<= ${bound} ms` : `> ${BUCKETS_MS.at(-1)} ms`;
    const bar = '#'.repeat(Math.ceil((count / most) * BAR_WIDTH));
    return `${label.padStart(10)}  ${bar.padEnd(BAR_WIDTH)}  ${count}`.trimEnd();
  });
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}
