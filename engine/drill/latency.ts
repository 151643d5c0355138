// How long a slow answer takes: drawn, not remembered, so that the n-th request of a drill always waits as long.
import type { Tail } from './fault-spec.ts';

/** The 99th percentile of a standard normal distribution. */
const Z99 = 2.326_347_874_040_841;

/** @param first, second uniform in [0, 1): two, because a normal draw takes two. */
export function drawLatency(tail: Tail, first: number, second: number): number {
  const ratio = Math.max(1, tail.p99Ms / tail.p50Ms);
  const ms = tail.distribution === 'pareto' ? pareto(tail.p50Ms, ratio, first) : lognormal(tail, ratio, first, second);
  return Math.round(Math.min(tail.maxMs, ms));
}

/** Quantile q of a Pareto distribution is m (1-q)^(-1/a): p99/p50 = 50^(1/a) gives 1/a, and p50 = m 2^(1/a) gives m. */
function pareto(p50Ms: number, ratio: number, uniform: number): number {
  const inverseShape = Math.log(ratio) / Math.log(50);
  return p50Ms * 2 ** -inverseShape * (1 - uniform) ** -inverseShape;
}

/** Median e^mu = p50 and p99 = e^(mu + Z99 sigma) give both parameters; Box and Muller give the normal draw. */
function lognormal({ p50Ms }: Tail, ratio: number, first: number, second: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - first)) * Math.cos(2 * Math.PI * second);
  return p50Ms * Math.exp((Math.log(ratio) / Z99) * normal);
}
