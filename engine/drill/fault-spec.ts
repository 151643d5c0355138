// What may go wrong for requests that match; schemas/scenario.schema.json is the source of this form and its defaults.
import type { ServerName } from './server-name.ts';

export type FaultKind =
  | 'latency'
  | 'error'
  | 'rate-limit'
  | 'reset'
  | 'drop-answer'
  | 'content-type'
  | 'slow-body'
  | 'outage'
  | 'key-revoked';

/** A heavy tail: half of the answers take up to p50Ms, one in a hundred longer than p99Ms. */
export interface Tail {
  readonly distribution: 'lognormal' | 'pareto';
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

export interface Fault {
  readonly match: { readonly server: ServerName; readonly method?: string; readonly path: string };
  readonly kind: FaultKind;
  readonly rate: number;
  readonly afterRequests: number;
  readonly count?: number;
  /** As written; loading puts them into `fromMs` and `untilMs`. */
  readonly from?: string;
  readonly until?: string;
  readonly fromMs?: number;
  readonly untilMs?: number;
  readonly status: number;
  readonly latencyMs: number;
  /** In the place of `latencyMs`. */
  readonly tail?: Tail;
  readonly retryAfterSeconds: number;
  readonly contentType: string;
  readonly chunkBytes: number;
  readonly chunkEveryMs: number;
  readonly how: 'unavailable' | 'refuse';
}
