// The one way to Clerk's Backend API: through @clerk/backend where it has a method that sends one request for the
// purpose, a small typed call beside it where it has not. Both share limiter, retries and errors.
import type { ClerkClient as Sdk } from '@clerk/backend';
import type { ActionContext, Json, JsonObject } from '../../../engine/action.ts';
import { asReadFailure, type ClerkCall, ClerkCallError, factsOfBody } from './call-error.ts';
import { DEVELOPMENT_REQUESTS_PER_WINDOW, PRODUCTION_REQUESTS_PER_WINDOW, RateLimiter } from './rate-limit.ts';
import { send } from './send.ts';

/** What every action of the family declares. */
export const CLERK_SECRETS = ['CLERK_SECRET_KEY'] as const;
export const CLERK_ENV = ['CLERK_API_URL'] as const;

/** Calls under way at once. More only queue: at 100 ms a call, eight already use Clerk's development limit up. */
export const CLERK_CONCURRENCY = 8;

const DEFAULT_API_URL = 'https://api.clerk.com';
/** The version whose OpenAPI file these actions were written by; @clerk/backend 3.25.0 sends the same. */
const API_VERSION = '2026-05-12';

export interface ClerkRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below `/v1`. */
  readonly path: string;
  readonly query?: readonly (readonly [string, string])[];
  readonly body?: JsonObject;
}

export interface ClerkClient {
  readonly sdk: Sdk;
  readonly ctx: ActionContext;
  readonly limiter: RateLimiter;
  /** A call through the SDK or `request`, with limiter and retries. @throws ClerkCallError. */
  send<T>(call: ClerkCall, attempt: () => Promise<T>): Promise<T>;
  /** The same for a read: a 4xx is a PermanentFailure, an abort is the signal's reason. */
  read<T>(call: Omit<ClerkCall, 'isRepeatable'>, attempt: () => Promise<T>): Promise<T>;
  /** One request beside the SDK; the parsed JSON body of a 2xx. @throws ClerkCallError. */
  request(call: ClerkCall, request: ClerkRequest): Promise<Json>;
}

/**
 * The limit is Clerk's, counted for the instance over all steps and actions of this process, so what was learned of
 * it is kept here and not with a step. Keyed by a digest: the key itself stays out.
 */
const limiters = new Map<string, RateLimiter>();

/** Reads the family's settings and gives the client. Loads the SDK. Sends nothing. */
export async function clerkClient(ctx: ActionContext): Promise<ClerkClient> {
  return clerkClientWith(ctx, await ctx.secret('CLERK_SECRET_KEY'));
}

/** The same with another key than the instance's current one: one that is to be checked, or the Platform API's. */
export async function clerkClientWith(ctx: ActionContext, secretKey: string): Promise<ClerkClient> {
  const apiUrl = (ctx.env.CLERK_API_URL || DEFAULT_API_URL).replace(/\/+$/, '');
  const limiter = await limiterFor(apiUrl, secretKey);
  const { createClerkClient } = await import('@clerk/backend');
  const sdk = createClerkClient({ secretKey, apiUrl, telemetry: { disabled: true } });
  const wire = { ctx, limiter, random: Math.random };

  return {
    sdk,
    ctx,
    limiter,
    send: (call, attempt) => send(call, wire, attempt),
    read: async (call, attempt) => {
      try {
        return await send({ ...call, isRepeatable: true }, wire, attempt);
      } catch (error) {
        ctx.signal.throwIfAborted();
        throw asReadFailure(error);
      }
    },
    request: (call, request) => exchange(ctx, call, request, { apiUrl, secretKey }),
  };
}

async function limiterFor(apiUrl: string, secretKey: string): Promise<RateLimiter> {
  const { createHash } = await import('node:crypto');
  const id = createHash('sha256').update(`${apiUrl}\n${secretKey}`).digest('hex');
  const known = limiters.get(id);
  if (known !== undefined) return known;
  const isDevelopment = secretKey.startsWith('sk_test_');
  const made = new RateLimiter(isDevelopment ? DEVELOPMENT_REQUESTS_PER_WINDOW : PRODUCTION_REQUESTS_PER_WINDOW);
  limiters.set(id, made);
  return made;
}

async function exchange(
  ctx: ActionContext,
  call: ClerkCall,
  request: ClerkRequest,
  to: { readonly apiUrl: string; readonly secretKey: string },
): Promise<Json> {
  const url = new URL(`${to.apiUrl}/v1${request.path}`);
  for (const [name, value] of request.query ?? []) url.searchParams.append(name, value);
  const response = await ctx.fetch(url, {
    method: request.method,
    headers: {
      Authorization: `Bearer ${to.secretKey}`,
      'Clerk-API-Version': API_VERSION,
      'Content-Type': 'application/json',
    },
    ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
  });
  const text = await response.text();
  const body = parseJson(text);
  if (!response.ok) {
    throw new ClerkCallError(call, {
      ...factsOfBody(body),
      status: response.status,
      retryAfterMs: secondsToMs(response.headers.get('retry-after')),
    });
  }
  if (body === undefined) throw notJson(call, response.headers.get('content-type'));
  return body;
}

/** A 200 without the expected JSON: something between us and Clerk answered, or Clerk did and we cannot tell what. */
export function notJson(call: ClerkCall, contentType?: string | null): ClerkCallError {
  const type = contentType === undefined || contentType === null ? '' : ` (content type ${contentType})`;
  return new ClerkCallError(call, { text: `the answer is not the JSON that was expected${type}` });
}

function parseJson(text: string): Json | undefined {
  try {
    // JSON.parse gives JSON.
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

function secondsToMs(text: string | null): number | undefined {
  const seconds = Number(text ?? Number.NaN);
  return Number.isFinite(seconds) ? seconds * 1000 : undefined;
}
