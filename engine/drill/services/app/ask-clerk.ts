// How the app reaches Clerk.
import { type Asked, ask } from '../../http/ask.ts';

/** The app's own patience with Clerk. */
const TIMEOUT_MS = 3000;

/** undefined where Clerk answers nothing. */
export function askClerk(url: string, secretKey: string | undefined, signal?: AbortSignal): Promise<Asked | undefined> {
  const headers: { readonly [name: string]: string } =
    secretKey === undefined ? {} : { Authorization: `Bearer ${secretKey}` };
  return ask(url, { headers, timeoutMs: TIMEOUT_MS, signal }).catch(() => undefined);
}
