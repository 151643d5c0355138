// What the world says of the sample app and what surrounds it, independent of any run.
import type { Sink } from '../state/services/messages.ts';

export interface TableFacts {
  /** Users there are at Clerk who have no row, or a deleted one. */
  readonly missing: number;
  /** Rows whose address or name differs from Clerk's. */
  readonly stale: number;
  /** Rows, not marked as deleted, of users who are gone from Clerk. */
  readonly orphans: number;
}

export interface AppFacts {
  /** As the last check found it; `unknown` before the first one. */
  readonly health: 'healthy' | 'unhealthy' | 'unknown';
  readonly reason: string | null;
  /** Why it is not well now, whether anybody looked or not; null where it is. */
  readonly trouble: string | null;
  /** Milliseconds since 1970. When it was first found unwell. */
  readonly downSince: number | null;
  /** When it was found well again, and it has been since. */
  readonly restoredAt: number | null;
  /** The emergency bypass lets requests in right now. */
  readonly bypassOn: boolean;
  readonly bypassedRequests: number;
  readonly webhooksPaused: boolean;
  /** Id of the deployment in production, and whether it is the good one. */
  readonly deployment: { readonly id: string; readonly code: 'good' | 'bad' };
  /** Absent where the app keeps no table. */
  readonly table?: TableFacts;
  /** Rows that disagree with Clerk: when the drill began, and now, less those whose message is still under way. */
  readonly wrongRows?: { readonly atStart: number; readonly now: number };
  readonly webhooks: {
    readonly delivered: number;
    readonly failed: number;
    readonly pending: number;
    readonly vanished: number;
    readonly endpointDisabled: boolean;
  };
  readonly messages: { readonly [sink in Sink]: number };
}
