// The fault table in front of a plain handler (status page, app). Clerk's emulator has its own order of checks
// between what stands before a server and what happens to a ready answer.
import type { FaultTable } from '../faults.ts';
import type { HttpAnswer, HttpHandler, HttpRequest } from '../http/server.ts';
import type { Fault, ServerName } from '../scenario.ts';

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
    if (fault?.kind === 'latency') await options.sleep(fault.latencyMs);
    const before = answerBefore(fault);
    if (before !== undefined) return before;
    if (fault?.kind === 'error')
      return { status: fault.status, headers: { 'Content-Type': 'text/plain' }, body: 'Unavailable' };
    if (fault?.kind === 'rate-limit') {
      return { status: 429, headers: { 'Retry-After': String(fault.retryAfterSeconds) }, body: 'Too many requests' };
    }
    if (fault?.kind === 'key-revoked')
      return { status: 401, headers: { 'Content-Type': 'text/plain' }, body: 'Unauthorized' };
    return answerAfter(await handler(request), fault, options.sleep);
  };
}

/** What stands between a client and any server: it answers alike whatever the server is. Nothing has happened then. */
export function answerBefore(fault: Fault | undefined): HttpAnswer | undefined {
  if (fault?.kind === 'reset') return 'cut';
  if (fault?.kind !== 'outage') return undefined;
  if (fault.how === 'refuse') return 'cut';
  return {
    status: 503,
    headers: { 'Content-Type': 'text/html; charset=utf-8' },
    body: '<html><body><h1>503 Service Unavailable</h1></body></html>',
  };
}

/** What a fault does to an answer that is ready: by then the effect has happened. */
export function answerAfter(
  answer: HttpAnswer,
  fault: Fault | undefined,
  sleep: (ms: number) => Promise<void>,
): HttpAnswer {
  if (answer === 'cut' || fault === undefined) return answer;
  if (fault.kind === 'drop-answer') return 'cut';
  if (fault.kind === 'content-type')
    return { ...answer, headers: { ...answer.headers, 'Content-Type': fault.contentType } };
  if (fault.kind !== 'slow-body') return answer;
  return { ...answer, trickle: { chunkBytes: fault.chunkBytes, wait: () => sleep(fault.chunkEveryMs) } };
}
