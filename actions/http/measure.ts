// One try of a probe: its samples, one after another, judged together.
import type { ActionContext } from '../../engine/action.ts';
import { type ProbeFailure, type Sample, type SampleOptions, takeSample } from './sample.ts';

export interface Measured {
  status: number;
  failure: ProbeFailure;
  error?: string;
  latencyMs: number;
  maxLatencyMs: number;
  redirects: { status: number; to: string }[];
  headers: { [name: string]: string };
  picked: Sample['picked'];
  said?: string;
}

export interface MeasureLimits {
  readonly samples?: number | undefined;
  readonly maxLatencyMs?: number | undefined;
}

/** Ends with the first sample that is not ok. */
export async function measure(ctx: ActionContext, options: SampleOptions, limits: MeasureLimits): Promise<Measured> {
  const latencies: number[] = [];
  let last: Sample;
  do {
    last = await takeSample(ctx, options);
    latencies.push(last.latencyMs);
  } while (last.failure === 'none' && latencies.length < (limits.samples ?? 1));
  latencies.sort((a, b) => a - b);
  const latencyMs = latencies[Math.floor((latencies.length - 1) / 2)] ?? last.latencyMs;
  const slow = last.failure === 'none' ? slowness(latencyMs, limits) : undefined;
  const error = last.problem ?? slow;
  return {
    status: last.status,
    failure: slow === undefined ? last.failure : 'slow',
    ...(error === undefined ? {} : { error }),
    latencyMs,
    maxLatencyMs: latencies.at(-1) ?? last.latencyMs,
    redirects: last.redirects.map((hop) => ({ ...hop })),
    headers: { ...last.headers },
    picked: last.picked,
    ...(last.said === undefined ? {} : { said: last.said }),
  };
}

function slowness(latencyMs: number, { maxLatencyMs, samples = 1 }: MeasureLimits): string | undefined {
  if (maxLatencyMs === undefined || latencyMs <= maxLatencyMs) return undefined;
  const what = samples > 1 ? `took ${latencyMs} ms (median of ${samples})` : `took ${latencyMs} ms`;
  return `${what}, expected at most ${maxLatencyMs} ms`;
}
