// Clerk's Backend API as an HTTP handler: finds the route, lets the fault table, the key check and the rate limit have
// their say, and puts what a handler answers into Clerk's form.
import { messageOf } from '../../errors.ts';
import type { Json } from '../../json.ts';
import type { DrillClock } from '../clock.ts';
import type { FaultTable } from '../faults.ts';
import type { RouteMatch } from '../http/router.ts';
import { createRouter } from '../http/router.ts';
import type { HttpAnswer, HttpRequest } from '../http/server.ts';
import { secretKeyCheck } from '../keys.ts';
import { draw, STREAM } from '../random.ts';
import type { RequestLog } from '../request-log.ts';
import type { Fault } from '../scenario.ts';
import { answerAfter, answerBefore } from '../services/faulty-handler.ts';
import { badBody, ClerkApiError, injected, missingKey, notEmulated, tooManyRequests, wrongKey } from './errors.ts';
import type { RateLimiter } from './rate-limit.ts';
import type { ClerkContext, ClerkHandler, ClerkRoute } from './route.ts';
import { apiKeyRoutes } from './routes/api-keys.ts';
import { banRoutes } from './routes/bans.ts';
import { blocklistRoutes } from './routes/blocklist.ts';
import { credentialRoutes } from './routes/credentials.ts';
import { instanceRoutes, JWKS_PATH } from './routes/instance.ts';
import { instanceSettingsRoutes } from './routes/instance-settings.ts';
import { jwtTemplateRoutes } from './routes/jwt-templates.ts';
import { machineRoutes } from './routes/machines.ts';
import { membershipRoutes } from './routes/memberships.ts';
import { metadataRoutes } from './routes/metadata.ts';
import { oauthRoutes } from './routes/oauth.ts';
import { passwordRoutes } from './routes/passwords.ts';
import { checkPlatformToken, PLATFORM_PREFIX, PLATFORM_ROUTES } from './routes/platform.ts';
import { secondFactorRoutes } from './routes/second-factors.ts';
import { sessionRoutes } from './routes/sessions.ts';
import { tokenRoutes } from './routes/tokens.ts';
import { trustedDeviceRoutes } from './routes/trusted-devices.ts';
import { userRoutes } from './routes/users.ts';
import { webhooksUrlRoutes } from './routes/webhooks-url.ts';

/** Every operation that is emulated; all else answers 501. */
export const CLERK_ROUTES: readonly ClerkRoute[] = [
  ...userRoutes,
  ...banRoutes,
  ...passwordRoutes,
  ...metadataRoutes,
  ...sessionRoutes,
  ...instanceRoutes,
  ...apiKeyRoutes,
  ...machineRoutes,
  ...oauthRoutes,
  ...tokenRoutes,
  ...jwtTemplateRoutes,
  ...membershipRoutes,
  ...instanceSettingsRoutes,
  ...blocklistRoutes,
  ...webhooksUrlRoutes,
  ...credentialRoutes,
  ...secondFactorRoutes,
  ...trustedDeviceRoutes,
];

export interface EmulatorOptions {
  readonly context: ClerkContext;
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
  const route = createRouter<ClerkHandler>([...CLERK_ROUTES, ...PLATFORM_ROUTES]);
  const checkKey = keyChecker(context);
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
        if (fault?.kind === 'key-revoked') throw wrongKey();
        checkKey(request, now);
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
    const answer = answerBefore(fault) ?? answerAfter(perform(request, match, fault), fault, clock.sleep);
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

/** The instance's secret key; the Platform API has a token of its own. */
function keyChecker(context: ClerkContext): (request: Pick<HttpRequest, 'path' | 'headers'>, now: number) => void {
  const isGood = secretKeyCheck(context);
  return ({ path, headers: { authorization } }, now) => {
    if (path.startsWith(PLATFORM_PREFIX)) return checkPlatformToken(authorization, context);
    if (authorization === undefined || !authorization.startsWith('Bearer ')) throw missingKey();
    if (!isGood(authorization, now)) throw wrongKey();
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
