// Clerk's Backend API as an HTTP handler: finds the route, lets the fault table, the key check and the rate limit have
// their say, and puts what a handler answers into Clerk's form.
import { timingSafeEqual } from 'node:crypto';
import { messageOf } from '../../errors.ts';
import type { Json } from '../../json.ts';
import type { DrillClock } from '../clock.ts';
import type { FaultTable } from '../faults.ts';
import type { RouteMatch } from '../http/router.ts';
import { createRouter } from '../http/router.ts';
import type { HttpAnswer, HttpRequest } from '../http/server.ts';
import { draw, STREAM } from '../random.ts';
import type { RequestLog } from '../request-log.ts';
import type { Fault } from '../scenario.ts';
import { badBody, ClerkApiError, injected, missingKey, notEmulated, tooManyRequests, wrongKey } from './errors.ts';
import type { RateLimiter } from './rate-limit.ts';
import type { ClerkContext, ClerkHandler, ClerkRoute } from './route.ts';
import { banRoutes } from './routes/bans.ts';
import { instanceRoutes, JWKS_PATH } from './routes/instance.ts';
import { metadataRoutes } from './routes/metadata.ts';
import { passwordRoutes } from './routes/passwords.ts';
import { sessionRoutes } from './routes/sessions.ts';
import { userRoutes } from './routes/users.ts';

/** Every operation that is emulated; all else answers 501. */
export const CLERK_ROUTES: readonly ClerkRoute[] = [
  ...userRoutes,
  ...banRoutes,
  ...passwordRoutes,
  ...metadataRoutes,
  ...sessionRoutes,
  ...instanceRoutes,
];

export interface EmulatorOptions {
  readonly context: ClerkContext;
  readonly secretKey: string;
  readonly faults: FaultTable;
  readonly limiter: RateLimiter;
  readonly log: RequestLog;
  readonly clock: DrillClock;
  readonly startedAt: number;
}

// Clerk's SDK parses a body only under exactly this content type.
const JSON_HEADERS = { 'Content-Type': 'application/json' };

export function createEmulator(options: EmulatorOptions): (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer> {
  const { context, faults, log, clock, startedAt } = options;
  const route = createRouter<ClerkHandler>(CLERK_ROUTES);
  const checkKey = keyChecker(options.secretKey);
  let answered = 0;

  const answerError = (error: ClerkApiError): Exclude<HttpAnswer, 'cut'> => {
    answered += 1;
    const trace = [0, 1, 2, 3].map((part) => draw(context.population.seed, STREAM.trace, answered, part));
    return {
      status: error.status,
      headers: { ...JSON_HEADERS, ...error.headers },
      body: JSON.stringify({
        errors: error.items,
        clerk_trace_id: trace.map((part) => part.toString(16).padStart(8, '0')).join(''),
      }),
    };
  };

  const perform = (
    request: HttpRequest,
    match: RouteMatch<ClerkHandler> | undefined,
    fault: Fault | undefined,
  ): HttpAnswer => {
    try {
      const now = clock.now();
      const endpoint = match === undefined ? request.path : `${match.route.method} ${match.route.path}`;
      if (fault?.kind === 'error') throw injected(fault.status);
      if (match?.route.path !== JWKS_PATH) {
        checkKey(request.headers.authorization);
        if (fault?.kind === 'rate-limit') {
          options.limiter.block(endpoint, now + fault.retryAfterSeconds * 1000);
          throw tooManyRequests(fault.retryAfterSeconds);
        }
        const retryAfter = options.limiter.admit(endpoint, now);
        if (retryAfter !== undefined) throw tooManyRequests(retryAfter);
      }
      if (match === undefined) throw notEmulated(request.method, request.path);
      const body = parseBody(request.body);
      const value = match.route.handler({ params: match.params, query: request.query, body, now }, context);
      return { status: 200, headers: JSON_HEADERS, body: JSON.stringify(value) };
    } catch (error) {
      if (error instanceof ClerkApiError) return answerError(error);
      throw error;
    }
  };

  const finish = (
    request: HttpRequest,
    match: RouteMatch<ClerkHandler> | undefined,
    fault: Fault | undefined,
  ): HttpAnswer => {
    const answer = fault?.kind === 'reset' ? 'cut' : applyFault(perform(request, match, fault), fault);
    log.record({
      route: match === undefined ? `${request.method} (none)` : `${match.route.method} ${match.route.path}`,
      method: request.method,
      path: request.path,
      status: answer === 'cut' ? 0 : answer.status,
      at: clock.now(),
    });
    return answer;
  };

  return (request) => {
    const fault = faults.hit('clerk', request.method, request.path, clock.now() - startedAt);
    const match = route(request.method, request.path);
    if (fault?.kind !== 'latency') return finish(request, match, fault);
    return clock.sleep(fault.latencyMs).then(() => finish(request, match, fault));
  };
}

/** What a fault does to an answer that is ready: by then the effect has happened. */
function applyFault(answer: HttpAnswer, fault: Fault | undefined): HttpAnswer {
  if (answer === 'cut' || fault === undefined) return answer;
  if (fault.kind === 'drop-answer') return 'cut';
  if (fault.kind !== 'content-type') return answer;
  return { ...answer, headers: { ...answer.headers, 'Content-Type': fault.contentType } };
}

function keyChecker(secretKey: string): (header: string | undefined) => void {
  const expected = Buffer.from(`Bearer ${secretKey}`);
  return (header) => {
    if (header === undefined || !header.startsWith('Bearer ')) throw missingKey();
    const given = Buffer.from(header);
    if (given.length !== expected.length || !timingSafeEqual(given, expected)) throw wrongKey();
  };
}

function parseBody(text: string): Json | undefined {
  if (text === '') return undefined;
  try {
    return JSON.parse(text) as Json; // JSON.parse gives nothing but JSON.
  } catch (error) {
    throw badBody(messageOf(error));
  }
}
