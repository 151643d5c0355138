// The sample application that uses the instance: GET /api/health/clerk asks Clerk and answers 200 or 503.
import { get } from 'node:http';
import type { HttpAnswer, HttpRequest } from '../http/server.ts';
import type { ServiceDefinition } from './service.ts';

const JSON_HEADERS = { 'Content-Type': 'application/json' };
/** The app's own patience with Clerk. */
const TIMEOUT_MS = 3000;

export const appService: ServiceDefinition = {
  name: 'app',
  create: ({ url, keys, clock }) => {
    // Asked when a request comes: by then Clerk's server listens.
    const handler = (request: HttpRequest): Promise<HttpAnswer> =>
      createApp({ apiUrl: url('clerk'), secretKey: keys.secretKey, now: clock.now })(request);
    return { name: 'app', handler };
  },
  env: ({ url }) => ({ APP_URL: url('app') }),
};

interface AppOptions {
  readonly apiUrl: string;
  readonly secretKey: string;
  readonly now: () => number;
}

function createApp(options: AppOptions): (request: HttpRequest) => Promise<HttpAnswer> {
  return async ({ method, path }) => {
    if (path !== '/api/health/clerk') return { status: 404, headers: JSON_HEADERS, body: '{"error":"not found"}' };
    if (method !== 'GET' && method !== 'HEAD') return { status: 405, headers: { Allow: 'GET, HEAD' }, body: '' };
    const status = await askClerk(options);
    const isHealthy = status === 200;
    const body = {
      status: isHealthy ? 'healthy' : 'unhealthy',
      clerk: status ?? 'no answer',
      at: new Date(options.now()).toISOString(),
    };
    return {
      status: isHealthy ? 200 : 503,
      headers: JSON_HEADERS,
      body: method === 'HEAD' ? '' : JSON.stringify(body),
    };
  };
}

/** The status that Clerk answers to a small read; undefined where it answers none. node:http, so no wrapped fetch is asked. */
function askClerk({ apiUrl, secretKey }: AppOptions): Promise<number | undefined> {
  return new Promise((resolve) => {
    const request = get(
      `${apiUrl}/v1/users?limit=1`,
      { headers: { Authorization: `Bearer ${secretKey}` }, timeout: TIMEOUT_MS },
      (response) => {
        response.resume();
        response.once('end', () => resolve(response.statusCode));
        response.once('error', () => resolve(undefined));
      },
    );
    request.once('timeout', () => request.destroy());
    request.once('error', () => resolve(undefined));
  });
}
