// Reading parameters as Clerk does: wrong ones are refused with 422 (Clerk Backend API 2026-05-12, UnprocessableEntity).
import { isJsonObject, type Json, type JsonObject } from '../../json.ts';
import { badBody, invalidParameter, missingParameter, unknownParameter } from './errors.ts';

/** LimitParameter: default 10, 1..500. */
const LIMIT = { default: 10, minimum: 1, maximum: 500 } as const;
/** "Accepts up to 100": every list filter of GET /users. */
const MAX_FILTER_VALUES = 100;

export interface Page {
  readonly limit: number;
  readonly offset: number;
}

export function readPage(query: URLSearchParams): Page {
  return {
    limit: readInteger(query, 'limit', LIMIT) ?? LIMIT.default,
    offset: readInteger(query, 'offset', { minimum: 0, maximum: Number.MAX_SAFE_INTEGER }) ?? 0,
  };
}

export function readInteger(
  query: URLSearchParams,
  name: string,
  range: { readonly minimum: number; readonly maximum: number },
): number | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  const value = /^-?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(value >= range.minimum && value <= range.maximum)) {
    throw invalidParameter(name, `must be an integer between ${range.minimum} and ${range.maximum}`);
  }
  return value;
}

/** A time: milliseconds since 1970. */
export function readTime(query: URLSearchParams, name: string): number | undefined {
  return readInteger(query, name, { minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
}

export function readBoolean(query: URLSearchParams, name: string): boolean | undefined {
  const text = query.get(name);
  if (text === null || text === '') return undefined;
  if (text !== 'true' && text !== 'false') throw invalidParameter(name, 'must be true or false');
  return text === 'true';
}

/** A list filter: the name repeated, with or without `[]`. Empty where absent. */
export function readList(query: URLSearchParams, name: string): readonly string[] {
  const values = [...query.getAll(name), ...query.getAll(`${name}[]`)].filter((value) => value !== '');
  if (values.length > MAX_FILTER_VALUES) throw invalidParameter(name, `accepts at most ${MAX_FILTER_VALUES} values`);
  return values;
}

/** The body as an object with no other than the named properties. An absent body is an empty object. */
export function readBody(body: Json | undefined, allowed: readonly string[]): JsonObject {
  if (body === undefined) return {};
  if (!isJsonObject(body)) throw badBody('it must be a JSON object');
  for (const name of Object.keys(body)) if (!allowed.includes(name)) throw unknownParameter(name);
  return body;
}

/** POST /users/ban and /users/unban: `user_ids`, 1..50. */
export function readUserIds(body: Json | undefined): readonly string[] {
  const value = readBody(body, ['user_ids']).user_ids;
  if (value === undefined) throw missingParameter('user_ids', 'user_ids must be included.');
  if (!Array.isArray(value)) throw invalidParameter('user_ids', 'must be an array of user ids');
  const ids = value.filter((id): id is string => typeof id === 'string');
  if (ids.length !== value.length) throw invalidParameter('user_ids', 'must be an array of user ids');
  if (ids.length < 1 || ids.length > 50) throw invalidParameter('user_ids', 'must have between 1 and 50 entries');
  return ids;
}
