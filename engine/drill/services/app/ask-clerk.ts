// How the app reaches Clerk. node:http, so that no wrapped fetch is asked: the app is not part of any run.
import { get } from 'node:http';

/** The app's own patience with Clerk. */
const TIMEOUT_MS = 3000;

export interface ClerkAnswer {
  readonly status: number;
  readonly body: string;
}

/** undefined where Clerk answers nothing. */
export function askClerk(
  url: string,
  secretKey: string | undefined,
  signal?: AbortSignal,
): Promise<ClerkAnswer | undefined> {
  return new Promise((resolve) => {
    const headers = secretKey === undefined ? {} : { Authorization: `Bearer ${secretKey}` };
    const request = get(
      url,
      { headers, timeout: TIMEOUT_MS, ...(signal === undefined ? {} : { signal }) },
      (response) => {
        let body = '';
        response.setEncoding('utf8');
        response.on('data', (chunk: string) => {
          body += chunk;
        });
        response.once('end', () => resolve({ status: response.statusCode ?? 0, body }));
        response.once('error', () => resolve(undefined));
      },
    );
    request.once('timeout', () => request.destroy());
    request.once('error', () => resolve(undefined));
  });
}
