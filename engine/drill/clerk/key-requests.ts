// What the routes of API keys and machine tokens share. They are served under /v1 and, as the SDK asks for them
// (@clerk/backend 3.25.0, skipApiVersionInUrl), without it; and they answer 400 where the rest of the API answers 422
// (Clerk Backend API 2026-05-12: GET /api_keys, GET /m2m_tokens).
import { isJsonObject, type Json } from '../../json.ts';
import type { KeyGround } from '../population/key-ground.ts';
import { badRequest } from './errors.ts';
import type { ClerkContext, ClerkHandler, ClerkRoute } from './route.ts';

/** GET /api_keys and GET /m2m_tokens: limit default 10, 1..100. */
const LIMIT = { default: 10, maximum: 100 } as const;

export function groundOf({ population, startedAt, scenario }: ClerkContext): KeyGround {
  return { population, startedAt, spec: scenario.world.keys };
}

/** The route with and without /v1. `path` stands below it. */
export function bothPaths(method: string, path: string, handler: ClerkHandler): readonly ClerkRoute[] {
  return [
    { method, path: `/v1${path}`, handler },
    { method, path, handler },
  ];
}

export function readKeyPage(query: URLSearchParams): { readonly limit: number; readonly offset: number } {
  return {
    limit: readNumber(query, 'limit', { least: 1, most: LIMIT.maximum }) ?? LIMIT.default,
    offset: readNumber(query, 'offset', { least: 0, most: Number.MAX_SAFE_INTEGER }) ?? 0,
  };
}

function readNumber(
  query: URLSearchParams,
  name: string,
  { least, most }: { readonly least: number; readonly most: number },
): number | undefined {
  const text = query.get(name) ?? '';
  if (text === '') return undefined;
  const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= least && value <= most)) throw badParameter(name, `must be a number between ${least} and ${most}`);
  return value;
}

export function readFlag(query: URLSearchParams, name: string): boolean {
  const text = query.get(name) ?? '';
  if (text !== '' && text !== 'true' && text !== 'false') throw badParameter(name, 'must be true or false');
  return text === 'true';
}

/** @throws ClerkApiError 400 where it is absent or does not fit. */
export function readSubject(query: URLSearchParams, pattern: RegExp): string {
  const subject = query.get('subject') ?? '';
  if (!pattern.test(subject)) throw badParameter('subject', 'Failed regex check');
  return subject;
}

/** A body is required, `{}` will do: `revocation_reason`, text or null. */
export function readReason(body: Json | undefined): string | undefined {
  if (!isJsonObject(body)) throw badRequest('bad_request', 'The request body must be a JSON object.');
  const unknown = Object.keys(body).find((name) => name !== 'revocation_reason');
  if (unknown !== undefined) throw badParameter(unknown, 'is not known');
  const reason = body.revocation_reason ?? null;
  if (reason !== null && typeof reason !== 'string') throw badParameter('revocation_reason', 'must be text or null');
  return reason ?? undefined;
}

function badParameter(name: string, why: string): Error {
  return badRequest('bad_request', `Invalid '${name}': ${why}`);
}
