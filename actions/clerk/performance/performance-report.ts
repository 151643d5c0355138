// What the measures of clerk.diagnose-performance say, with the seed's advice. Pure.
import { histogramOf, latencyOf, type Verdict, verdictOf } from './latency.ts';
import type { Samples } from './measure.ts';

export type MeasureName = 'authCheck' | 'authCheckCold' | 'getUserList' | 'currentUser' | 'roundTrip';

export interface Measure {
  name: MeasureName;
  verdict: Verdict;
  thresholdMs: number;
  samples: number;
  errors: number;
  p50?: number;
  p95?: number;
  p99?: number;
  max?: number;
  histogram: string[];
  advice?: string;
  lastError?: string;
}

/** The first sentence of the first and third is the seed's own. */
const SLOW: { readonly [name in MeasureName]: string } = {
  authCheck:
    'Auth check slow - check middleware configuration. It needs no network: set CLERK_JWT_KEY, match fewer paths, look for a busy server.',
  authCheckCold:
    'The first check of a new server is slow: it fetches the key set. Set CLERK_JWT_KEY, or keep servers warm.',
  getUserList: 'API slow - check Clerk status or network.',
  currentUser:
    'currentUser slow - check Clerk status or network. It asks the API at each call: read claims of the token instead, or keep the user for the request.',
  roundTrip: 'The way to Clerk is slow by itself - check DNS, proxies, and the region that the app runs in.',
};
const FAILING: { readonly [name in MeasureName]: string } = {
  authCheck: 'Tokens do not verify - check that the keys are those of one instance, and the clock of this machine.',
  authCheckCold: 'The key set cannot be had - check Clerk status, the secret key, or network.',
  getUserList: 'The API fails - check Clerk status, the secret key, or network.',
  currentUser: 'Reading the user fails - check that the user is one of this instance, Clerk status, or network.',
  roundTrip: 'Clerk does not answer - check Clerk status or network.',
};

/** `missing`: why it could not be measured; `notAsked`: what would have to be given. */
export type Sampled = Samples | { readonly missing: string } | { readonly notAsked: string };

const RAN_OUT = "the token ran out. Give one that lasts longer, fewer samples, or check this machine's clock";

export function measureOf(name: MeasureName, thresholdMs: number, sampled: Sampled): Measure {
  const none = { name, thresholdMs, samples: 0, errors: 0, histogram: [] };
  if ('notAsked' in sampled) {
    return { ...none, verdict: 'not-asked', advice: `Not asked for: ${sampled.notAsked}` };
  }
  if ('missing' in sampled) return { ...none, verdict: 'not-measured', advice: `Not measured: ${sampled.missing}` };
  const isCut = sampled.isCut === true;
  if (isCut && sampled.times.length + sampled.errors === 0) {
    return { ...none, verdict: 'not-measured', advice: `Not measured: ${RAN_OUT}` };
  }
  const latency = latencyOf(sampled.times, sampled.errors);
  const verdict = verdictOf(latency, thresholdMs);
  const advice = [
    ...(verdict === 'slow' ? [SLOW[name]] : []),
    ...(verdict === 'failing' ? [FAILING[name]] : []),
    ...(isCut ? [`Cut short: ${RAN_OUT}.`] : []),
  ];
  return {
    name,
    verdict,
    thresholdMs,
    ...latency,
    histogram: [...histogramOf(sampled.times)],
    ...(advice.length === 0 ? {} : { advice: advice.join(' ') }),
    ...(sampled.lastError === undefined ? {} : { lastError: sampled.lastError }),
  };
}

/** By the medians: of a small read, what the bare round trip does not take is Clerk's own work. */
export function networkAdvice(roundTrip: Measure, userList: Measure): string {
  if (roundTrip.p50 === undefined || userList.p50 === undefined) return 'Cannot be told: too much failed';
  const rest = Math.max(0, userList.p50 - roundTrip.p50);
  const text = `of ${ms(userList.p50)} for a small read about ${ms(Math.min(roundTrip.p50, userList.p50))} are the way there and back, ${ms(rest)} Clerk's work`;
  return `${rest > roundTrip.p50 ? 'Clerk' : 'Network'}: ${text} (an estimate: GET /jwks may be answered nearer than the API)`;
}

/** A Markdown list, a line a measure, with a histogram under each that is not well. */
export function summarizeMeasures(measures: readonly Measure[], network: string): string {
  const lines = measures.flatMap(({ name, verdict, samples, errors, p50, p95, p99, max, histogram, advice }) => {
    const figures =
      p50 === undefined || p95 === undefined || p99 === undefined || max === undefined
        ? ''
        : `: p50 ${ms(p50)}, p95 ${ms(p95)}, p99 ${ms(p99)}, max ${ms(max)}`;
    const failed = errors === 0 ? '' : `, ${errors} of ${samples} failed`;
    const line = `- ${name} ${verdict}${figures}${failed}${advice === undefined ? '' : `. ${advice}`}`;
    return verdict === 'ok' || histogram.length === 0
      ? [line]
      : [line, '', ...histogram.map((row) => `      ${row}`), ''];
  });
  return [...lines, `- ${network}`].join('\n');
}

function ms(value: number): string {
  return `${value < 10 ? value.toFixed(1) : Math.round(value)} ms`;
}
