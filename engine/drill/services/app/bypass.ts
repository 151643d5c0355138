// The emergency bypass, as the app's middleware judges it: signed with a secret so that a stray variable does nothing, only
// until a time at most four hours ahead, only for reading the listed paths, never for the excluded ones. Pure.

import { createHmac } from 'node:crypto';
import { isSameSecret } from '../../same-secret.ts';
import type { Variables } from '../../state/services/deployments.ts';

/** ISO time; base64url HMAC-SHA256 of exactly that text under the secret; the secret, which the app has anyway. */
export const BYPASS_UNTIL = 'CLERK_EMERGENCY_BYPASS_UNTIL';
export const BYPASS_SIGNATURE = 'CLERK_EMERGENCY_BYPASS_SIGNATURE';
export const BYPASS_SECRET = 'CLERK_EMERGENCY_BYPASS_SECRET';

const LONGEST_AHEAD_MS = 4 * 3_600_000;
const LISTED = ['/dashboard', '/dashboard/**', '/api/me'];
const EXCLUDED = ['/admin', '/admin/**', '/billing', '/billing/**', '/dashboard/billing/**'];
const READING = ['GET', 'HEAD'];

export type BypassState =
  | { readonly on: true; readonly until: number }
  | { readonly on: false; readonly why: 'unset' | 'unsigned' | 'not a time' | 'too far ahead' | 'over' };

/** What the deployment's variables say at `now`, whatever is asked for. */
export function bypassState(variables: Variables, now: number): BypassState {
  const text = variables[BYPASS_UNTIL];
  if (text === undefined || text === '') return { on: false, why: 'unset' };
  if (!isSigned(text, variables)) return { on: false, why: 'unsigned' };
  const until = Date.parse(text);
  if (Number.isNaN(until)) return { on: false, why: 'not a time' };
  if (until <= now) return { on: false, why: 'over' };
  return until - now > LONGEST_AHEAD_MS ? { on: false, why: 'too far ahead' } : { on: true, until };
}

/** Whether the bypass, where it is on, lets such a request in. */
export function isBypassable(method: string, path: string): boolean {
  return READING.includes(method) && LISTED.some(matches(path)) && !EXCLUDED.some(matches(path));
}

export function signBypass(until: string, secret: string): string {
  return createHmac('sha256', secret).update(until).digest('base64url');
}

function isSigned(until: string, variables: Variables): boolean {
  const secret = variables[BYPASS_SECRET];
  if (secret === undefined || secret === '') return false;
  return isSameSecret(variables[BYPASS_SIGNATURE] ?? '', signBypass(until, secret));
}

/** `**` at the end stands for any rest of one segment or more. */
function matches(path: string): (pattern: string) => boolean {
  return (pattern) => (pattern.endsWith('/**') ? path.startsWith(pattern.slice(0, -2)) : path === pattern);
}
