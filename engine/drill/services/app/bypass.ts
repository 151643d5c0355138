// The emergency bypass, as the app's middleware judges it: signed with a secret so that a stray variable does nothing, only
// until a time at most four hours ahead, only for reading the listed paths, never for the excluded ones. Pure.

import { createHmac } from 'node:crypto';
import { isSameSecret } from '../../same-secret.ts';
import type { Variables } from '../../state/services/deployments.ts';

/** ISO time; base64url HMAC-SHA256 of exactly that text under the secret; the secret, which the app has anyway. */
export const BYPASS_UNTIL = 'CLERK_EMERGENCY_BYPASS_UNTIL';
export const BYPASS_SIGNATURE = 'CLERK_EMERGENCY_BYPASS_SIGNATURE';
export const BYPASS_SECRET = 'CLERK_EMERGENCY_BYPASS_SECRET';

/** Of every answer that it let through; its value is the time until which it is on. */
export const BYPASS_HEADER = 'X-Emergency-Bypass';

const LONGEST_AHEAD_MS = 4 * 3_600_000;
const LISTED = ['/dashboard/**', '/api/me'];
const EXCLUDED = ['**/admin/**', '**/billing/**'];
const READING = ['GET', 'HEAD'];
const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?Z$/;
/** Nothing encoded, no empty segment, none of dots alone: what servers might read in two ways is never let through. */
const PLAIN_PATH = /^\/(?:(?!\.+(?:\/|$))[\w.~-]+\/)*(?:(?!\.+$)[\w.~-]+)?$/;

export type BypassState =
  | { readonly on: true; readonly until: number }
  | { readonly on: false; readonly why: 'unset' | 'unsigned' | 'not a time' | 'too far ahead' | 'over' };

/** What the deployment's variables say at `now`, whatever is asked for. */
export function bypassState(variables: Variables, now: number): BypassState {
  const text = variables[BYPASS_UNTIL];
  if (text === undefined || text === '') return { on: false, why: 'unset' };
  if (!isSigned(text, variables)) return { on: false, why: 'unsigned' };
  const until = ISO_TIME.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(until)) return { on: false, why: 'not a time' };
  if (until <= now) return { on: false, why: 'over' };
  return until - now > LONGEST_AHEAD_MS ? { on: false, why: 'too far ahead' } : { on: true, until };
}

/** Whether the bypass, where it is on, lets such a request in. The path is as it stood in the request, still encoded. */
export function isBypassable(
  method: string,
  path: string,
  { listed, excluded }: { readonly listed: readonly string[]; readonly excluded: readonly string[] } = {
    listed: LISTED,
    excluded: EXCLUDED,
  },
): boolean {
  if (!READING.includes(method) || !PLAIN_PATH.test(path)) return false;
  const segments = segmentsOf(path);
  const lower = segmentsOf(path.toLowerCase());
  // `billing.json` and `billing.segments` may be another form of the same page.
  const bare = lower.map((segment) => segment.split('.')[0] ?? '');
  const isExcluded = excluded.some((pattern) => {
    const parts = segmentsOf(pattern.toLowerCase());
    return matches(parts, lower) || matches(parts, bare);
  });
  return !isExcluded && listed.some((pattern) => matches(segmentsOf(pattern), segments));
}

export function signBypass(until: string, secret: string): string {
  return createHmac('sha256', secret).update(until).digest('base64url');
}

function isSigned(until: string, variables: Variables): boolean {
  const secret = variables[BYPASS_SECRET];
  if (secret === undefined || secret === '') return false;
  return isSameSecret(variables[BYPASS_SIGNATURE] ?? '', signBypass(until, secret));
}

function segmentsOf(path: string): readonly string[] {
  return path.split('/').filter((segment) => segment !== '');
}

/** `*` stands for one segment, `**` for any number, also none. */
function matches([first, ...rest]: readonly string[], path: readonly string[]): boolean {
  if (first === undefined) return path.length === 0;
  if (first === '**') return matches(rest, path) || (path.length > 0 && matches([first, ...rest], path.slice(1)));
  return path.length > 0 && (first === '*' || first === path[0]) && matches(rest, path.slice(1));
}
