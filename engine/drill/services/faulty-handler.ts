// The fault table in front of a plain handler (status page, app). Clerk's emulator has its own order of checks.
import type { FaultTable } from '../faults.ts';
import type { HttpAnswer, HttpHandler, HttpRequest } from '../http/server.ts';
import type { ServerName } from '../scenario.ts';

/** The handler, with the fault table's answers before its own. */
export function withFaults(
  handler: HttpHandler,
  options: {
    readonly server: ServerName;
    readonly faults: FaultTable;
    readonly elapsedMs: () => number;
    readonly sleep: (ms: number) => Promise<void>;
  },
): (request: HttpRequest) => Promise<HttpAnswer> {
  return async (request) => {
    const fault = options.faults.hit(options.server, request.method, request.path, options.elapsedMs());
    if (fault?.kind === 'reset') return 'cut';
    if (fault?.kind === 'error')
      return { status: fault.status, headers: { 'Content-Type': 'text/plain' }, body: 'Unavailable' };
    if (fault?.kind === 'rate-limit') {
      return { status: 429, headers: { 'Retry-After': String(fault.retryAfterSeconds) }, body: 'Too many requests' };
    }
    if (fault?.kind === 'latency') await options.sleep(fault.latencyMs);
    const answer = await handler(request);
    if (answer === 'cut' || fault === undefined) return answer;
    if (fault.kind === 'drop-answer') return 'cut';
    if (fault.kind !== 'content-type') return answer;
    return { ...answer, headers: { ...answer.headers, 'Content-Type': fault.contentType } };
  };
}
