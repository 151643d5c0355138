// Follows redirects of a read hop by hop, so that the hops can be told and a loop is seen at once. Each hop is a request of
// its own, and passes the engine's gate as one.
import type { ActionContext } from '../../engine/action.ts';
import { discardBody } from './body.ts';

/** One redirect: what was answered, and the address it named, without query (it may hold a token). */
export interface Hop {
  readonly status: number;
  readonly to: string;
}

export interface Followed {
  readonly response: Response;
  /** In order; empty where the first answer was no redirect, or none was to be followed. */
  readonly hops: readonly Hop[];
  /** Where the answer came from, without query. */
  readonly url: string;
}

/** A redirect that leads nowhere; the status and the hops until then. */
export class RedirectFailure extends Error {
  readonly status: number;
  readonly hops: readonly Hop[];

  constructor(message: string, facts: { readonly status: number; readonly hops: readonly Hop[] }) {
    super(message);
    this.name = 'RedirectFailure';
    this.status = facts.status;
    this.hops = facts.hops;
  }
}

/** WHATWG Fetch, "redirect status". */
const REDIRECT_STATUSES = new Set([301, 302, 303, 307, 308]);

export interface FollowOptions {
  readonly method: 'GET' | 'HEAD';
  /** Sent to the first origin only: they may be secret. */
  readonly headers: { readonly [name: string]: string };
  readonly signal: AbortSignal;
  /** Redirects to follow. With 0 a redirect is the answer. */
  readonly maxHops: number;
}

/** @throws RedirectFailure; what `ctx.fetch` throws. */
export async function follow(
  ctx: Pick<ActionContext, 'fetch'>,
  address: string,
  { method, headers, signal, maxHops }: FollowOptions,
): Promise<Followed> {
  const hops: Hop[] = [];
  const seen = new Set<string>();
  const origin = URL.parse(address)?.origin;
  let url = address;
  for (;;) {
    seen.add(url);
    const isAtHome = URL.parse(url)?.origin === origin;
    const response = await ctx.fetch(url, { method, headers: isAtHome ? headers : {}, redirect: 'manual', signal });
    const location = locationOf(response);
    if (location === undefined || maxHops === 0) return { response, hops, url: withoutQuery(url) };
    await discardBody(response);
    const { status } = response;
    const next = URL.parse(location, url);
    if (next === null || !/^https?:$/.test(next.protocol) || next.username !== '' || next.password !== '') {
      throw new RedirectFailure(`answered ${status} to what is no plain http or https address`, { status, hops });
    }
    hops.push({ status, to: withoutQuery(next.href) });
    if (seen.has(next.href)) {
      throw new RedirectFailure(`redirects in a loop: ${withoutQuery(url)} leads back to ${withoutQuery(next.href)}`, {
        status,
        hops,
      });
    }
    if (hops.length > maxHops) {
      throw new RedirectFailure(`redirects more than ${maxHops} times, at last to ${withoutQuery(next.href)}`, {
        status,
        hops,
      });
    }
    url = next.href;
  }
}

/** Where a redirect leads, as its header says it. */
export function locationOf(response: Response): string | undefined {
  if (!REDIRECT_STATUSES.has(response.status)) return undefined;
  const location = response.headers.get('location');
  // Headers come as Latin-1, and servers write addresses in UTF-8.
  return location === null ? undefined : Buffer.from(location, 'latin1').toString('utf8');
}

export function withoutQuery(address: string): string {
  return address.split(/[?#]/, 1)[0] ?? address;
}
