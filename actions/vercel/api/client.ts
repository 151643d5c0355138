// The one way to Vercel's REST API (https://vercel.com/docs/rest-api): a bearer token, `teamId` where a team owns the
// project, JSON both ways; a 429 is waited out, and what may be repeated is sent again.
import {
  type ActionContext,
  ChangeRefused,
  type Json,
  type JsonObject,
  messageOf,
  PermanentFailure,
} from '../../../engine/action.ts';
import { asReadFailure, factsOfBody, VercelCallError } from './call-error.ts';

/** What every action that asks Vercel declares. */
export const VERCEL_SECRETS = ['VERCEL_TOKEN'] as const;
export const VERCEL_ENV = ['VERCEL_API_URL', 'VERCEL_PROJECT_ID', 'VERCEL_TEAM_ID'] as const;

const DEFAULT_API_URL = 'https://api.vercel.com';
const MAX_TRIES = 5;
const FIRST_BACKOFF_MS = 250;
const MAX_BACKOFF_MS = 4000;
/** A limit that lasts longer than this is not waited out: the step's `retry` may. */
const LONGEST_WAIT_MS = 60_000;

export interface VercelRequest {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** With its version: `/v9/projects/prj_…/env`. */
  readonly path: string;
  readonly query?: { readonly [name: string]: string };
  readonly body?: JsonObject;
  /** May it be sent again after an answer was lost? True for a GET, and for what sets a value. */
  readonly isRepeatable: boolean;
}

export interface VercelClient {
  readonly ctx: ActionContext;
  /** Id or name of the project. */
  readonly project: string;
  /** `/v9/projects/prj_…` and the rest. */
  projectPath(version: string, rest?: string): string;
  /** The parsed body; null where there is none. @throws PermanentFailure where it is refused; VercelCallError. */
  read(path: string, query?: VercelRequest['query']): Promise<Json>;
  /** Only inside a change. @throws VercelCallError; ChangeRefused where the engine kept it back. */
  send(request: VercelRequest): Promise<Json>;
}

/**
 * Reads the family's settings. Sends nothing.
 * @throws PermanentFailure where no project is named; E_SECRET_MISSING without a token.
 */
export async function vercelClient(
  ctx: ActionContext,
  given: { readonly project?: string | undefined } = {},
): Promise<VercelClient> {
  const project = given.project ?? ctx.env.VERCEL_PROJECT_ID ?? '';
  if (project === '') {
    throw new PermanentFailure(
      'No Vercel project is named. Set VERCEL_PROJECT_ID (Vercel: project, Settings, General), or give the step `project`',
    );
  }
  const token = await ctx.secret('VERCEL_TOKEN');
  const send = (request: VercelRequest): Promise<Json> => sendWithRetries(ctx, token, request);
  return {
    ctx,
    project,
    projectPath: (version, rest = '') => `/${version}/projects/${encodeURIComponent(project)}${rest}`,
    send,
    read: async (path, query = {}) => {
      try {
        return await send({ method: 'GET', path, query, isRepeatable: true });
      } catch (error) {
        ctx.signal.throwIfAborted();
        throw asReadFailure(error);
      }
    },
  };
}

/** Whether there is a token for the REST API; without one the Vercel CLI is asked, with the sign-in that it keeps. */
export async function hasVercelToken(ctx: ActionContext): Promise<boolean> {
  try {
    return (await ctx.secret('VERCEL_TOKEN')) !== '';
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'E_SECRET_MISSING') return false;
    throw error;
  }
}

async function sendWithRetries(ctx: ActionContext, token: string, request: VercelRequest): Promise<Json> {
  let isInDoubt = false;
  for (let tries = 1; ; tries += 1) {
    try {
      return await exchange(ctx, token, request);
    } catch (thrown) {
      if (!(thrown instanceof VercelCallError)) throw thrown;
      isInDoubt ||= thrown.fate === 'unknown';
      const waitMs = thrown.retryAfterMs ?? Math.random() * Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** tries);
      const isWorthATry =
        thrown.isTransient &&
        tries < MAX_TRIES &&
        waitMs <= LONGEST_WAIT_MS &&
        (thrown.status === 429 || request.isRepeatable);
      if (!isWorthATry || ctx.signal.aborted)
        throw isInDoubt && thrown.fate !== 'unknown' ? inDoubt(request, thrown) : thrown;
      await ctx.sleep(waitMs);
    }
  }
}

/** The last answer was a refusal, but an earlier try may have had its effect. */
function inDoubt(request: VercelRequest, error: VercelCallError): VercelCallError {
  const text = 'and the answer to an earlier try was lost';
  return new VercelCallError(
    lineOf(request),
    { status: error.status, code: error.code, text },
    { fate: 'unknown', cause: error },
  );
}

async function exchange(ctx: ActionContext, token: string, request: VercelRequest): Promise<Json> {
  const url = new URL(`${ctx.env.VERCEL_API_URL || DEFAULT_API_URL}${request.path}`);
  for (const [name, value] of Object.entries(request.query ?? {})) url.searchParams.set(name, value);
  const team = ctx.env.VERCEL_TEAM_ID;
  if (team !== undefined && team !== '') url.searchParams.set('teamId', team);
  let response: Response;
  let text: string;
  try {
    response = await ctx.fetch(url, {
      method: request.method,
      headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
    });
    text = await response.text();
  } catch (thrown) {
    // The engine's gate kept it back: trying again would change nothing.
    if (thrown instanceof ChangeRefused) throw thrown;
    throw new VercelCallError(lineOf(request), { text: networkText(thrown) }, { cause: thrown });
  }
  const body = parseJson(text);
  if (!response.ok) {
    throw new VercelCallError(lineOf(request), {
      ...factsOfBody(body),
      status: response.status,
      traceId: response.headers.get('x-vercel-id') ?? undefined,
      retryAfterMs: retryAfterMs(response.headers, ctx.now()),
    });
  }
  if (text !== '' && body === undefined) throw notAsExpected(request, response.headers.get('content-type'));
  return body ?? null;
}

function lineOf({ method, path }: Pick<VercelRequest, 'method' | 'path'>): string {
  return `${method} ${path}`;
}

/** A 2xx whose body is not what the documents say: something in between answered, or Vercel changed. */
export function notAsExpected(
  request: Pick<VercelRequest, 'method' | 'path'>,
  contentType?: string | null,
): VercelCallError {
  const type = contentType === undefined || contentType === null ? '' : ` (content type ${contentType})`;
  return new VercelCallError(lineOf(request), { text: `the answer is not the JSON that was expected${type}` });
}

/** `fetch failed` says nothing; its cause does (ECONNRESET and its like). */
function networkText(thrown: unknown): string {
  const cause = thrown instanceof Error && thrown.cause instanceof Error ? ` (${thrown.cause.message})` : '';
  return `${messageOf(thrown)}${cause}`;
}

function parseJson(text: string): Json | undefined {
  try {
    // JSON.parse gives JSON.
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** `Retry-After` in seconds or, as Vercel documents its limits, `X-RateLimit-Reset`: a time in seconds since 1970. */
function retryAfterMs(headers: Headers, now: number): number | undefined {
  const after = Number(headers.get('retry-after') ?? Number.NaN);
  if (Number.isFinite(after)) return after * 1000;
  const reset = Number(headers.get('x-ratelimit-reset') ?? Number.NaN);
  return headers.get('x-ratelimit-remaining') === '0' && Number.isFinite(reset)
    ? Math.max(0, reset * 1000 - now)
    : undefined;
}
