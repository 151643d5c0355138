// Clerk's rate limit: 1,000 requests in 10 s for a production instance, 100 for a development one; over it 429 with
// Retry-After, and every further request to that endpoint is refused until it has passed (Clerk's rate-limit page).
// How the window moves is silent: ours slides, and a refused request does not count.

export interface RateLimit {
  readonly requests: number;
  readonly windowMs: number;
}
export const CLERK_LIMITS: { readonly [environment in 'production' | 'development']: RateLimit } = {
  production: { requests: 1000, windowMs: 10_000 },
  development: { requests: 100, windowMs: 10_000 },
};

export interface RateLimiter {
  /** Seconds to wait, or undefined where the request may pass (it then counts). */
  admit(endpoint: string, now: number): number | undefined;
  /** Refuses an endpoint's requests for a time, as after a 429 that came from elsewhere. */
  block(endpoint: string, untilMs: number): void;
}

export function createRateLimiter({ requests, windowMs }: RateLimit): RateLimiter {
  // The times of the last `requests` admitted requests, as a ring: full and its oldest still inside = over the limit.
  const times = new Float64Array(requests).fill(Number.NEGATIVE_INFINITY);
  let next = 0;
  const blockedUntil = new Map<string, number>();

  const secondsLeft = (endpoint: string, now: number): number | undefined => {
    const until = blockedUntil.get(endpoint);
    if (until === undefined) return undefined;
    if (until > now) return Math.max(1, Math.ceil((until - now) / 1000));
    blockedUntil.delete(endpoint);
    return undefined;
  };

  return {
    admit: (endpoint, now) => {
      const blocked = secondsLeft(endpoint, now);
      if (blocked !== undefined) return blocked;
      const oldest = times[next] ?? Number.NEGATIVE_INFINITY;
      if (now - oldest < windowMs) {
        const seconds = Math.max(1, Math.ceil((oldest + windowMs - now) / 1000));
        blockedUntil.set(endpoint, now + seconds * 1000);
        return seconds;
      }
      times[next] = now;
      next = (next + 1) % requests;
      return undefined;
    },
    block: (endpoint, untilMs) => {
      blockedUntil.set(endpoint, untilMs);
    },
  };
}
