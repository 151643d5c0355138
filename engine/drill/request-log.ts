// What was asked of the world since this process started: for people who watch and for tests. Not kept across restarts.

export interface RouteCount {
  /** `POST /v1/users/:userId/ban`; requests that no route takes are counted under `METHOD (none)`. */
  readonly route: string;
  readonly requests: number;
  /** How many were answered with which status; 0 stands for a connection that was cut. */
  readonly statuses: { readonly [status: string]: number };
}
/** A request that was to change something. */
export interface ChangeRequest {
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly status: number;
}

export interface RequestLog {
  record(entry: {
    readonly route: string;
    readonly method: string;
    readonly path: string;
    readonly status: number;
    readonly at: number;
  }): void;
  routes(): readonly RouteCount[];
  /** The last ones, oldest first. */
  changes(): readonly ChangeRequest[];
}

const MAX_CHANGES = 10_000;

export function createRequestLog(): RequestLog {
  const counts = new Map<string, { requests: number; statuses: { [status: string]: number } }>();
  const changes: ChangeRequest[] = [];
  return {
    record: ({ route, method, path, status, at }) => {
      const count = counts.get(route) ?? { requests: 0, statuses: {} };
      count.requests += 1;
      count.statuses[status] = (count.statuses[status] ?? 0) + 1;
      counts.set(route, count);
      if (method === 'GET') return;
      changes.push({ at, method, path, status });
      if (changes.length > 2 * MAX_CHANGES) changes.splice(0, changes.length - MAX_CHANGES);
    },
    routes: () =>
      [...counts]
        .map(([route, { requests, statuses }]) => ({ route, requests, statuses: { ...statuses } }))
        .sort((a, b) => a.route.localeCompare(b.route)),
    changes: () => changes.slice(-MAX_CHANGES),
  };
}
