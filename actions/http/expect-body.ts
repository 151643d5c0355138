// What a body must hold, and what is picked out of it. Pure but for the clock that bounds a pattern.
import { isJsonObject, type Json, type JsonObject } from '../../engine/action.ts';
import { matchesWithin } from './bounded-pattern.ts';
import { valueAt } from './json-pointer.ts';

export interface BodyExpectations {
  readonly bodyIncludes?: string | undefined;
  readonly bodyMatches?: string | undefined;
  readonly jsonHolds?: Json | undefined;
  /** JSON Pointer to value. */
  readonly jsonAt?: JsonObject | undefined;
}

/** A picked value longer than this, as JSON, is left out: it would be a copy of the body in the journal. */
const MAX_PICKED_CHARACTERS = 2000;

export function expectsBody({ bodyIncludes, bodyMatches, jsonHolds, jsonAt }: BodyExpectations): boolean {
  return [bodyIncludes, bodyMatches, jsonHolds, jsonAt].some((one) => one !== undefined);
}

/** What is wrong with it; undefined where it is as expected. */
export function bodyProblem(text: string, expected: BodyExpectations): string | undefined {
  const { bodyIncludes, bodyMatches, jsonHolds, jsonAt } = expected;
  if (bodyIncludes !== undefined && !text.includes(bodyIncludes)) return `the body does not hold "${bodyIncludes}"`;
  if (bodyMatches !== undefined) {
    const isMatch = matchesWithin(bodyMatches, text);
    if (isMatch === undefined)
      return `/${bodyMatches}/ takes too long on this body: nothing is known. Write it simpler`;
    if (!isMatch) return `the body does not match /${bodyMatches}/`;
  }
  if (jsonHolds === undefined && jsonAt === undefined) return undefined;
  const body = parseJson(text);
  if (body === undefined) return 'the body is no JSON';
  const path = jsonHolds === undefined ? undefined : differenceOf(body, jsonHolds);
  if (path !== undefined) return `the body does not hold ${JSON.stringify(jsonHolds)}: ${path} differs`;
  return Object.entries(jsonAt ?? {})
    .map(([pointer, wanted]) => problemAt(body, pointer, wanted))
    .find(Boolean);
}

/** By name; one that is not there, or in a body that is no JSON, is left out. */
export function pickFrom(text: string, pointers: { readonly [name: string]: string }): JsonObject {
  const body = parseJson(text);
  if (body === undefined) return {};
  return Object.fromEntries(
    Object.entries(pointers).flatMap(([name, pointer]) => {
      const value = valueAt(body, pointer);
      return value === undefined || JSON.stringify(value).length > MAX_PICKED_CHARACTERS ? [] : [[name, value]];
    }),
  );
}

function problemAt(body: Json, pointer: string, wanted: Json | undefined): string | undefined {
  const found = valueAt(body, pointer);
  const where = pointer === '' ? 'the body' : `${pointer} of the body`;
  if (found === undefined) return `${where} is not there, expected ${JSON.stringify(wanted)}`;
  const isSo = wanted !== undefined && differenceOf(found, wanted) === undefined;
  return isSo ? undefined : `${where} is ${shortened(JSON.stringify(found))}, expected ${JSON.stringify(wanted)}`;
}

function shortened(text: string): string {
  return text.length <= 100 ? text : `${text.slice(0, 100)}…`;
}

function parseJson(text: string): Json | undefined {
  try {
    // JSON.parse gives JSON.
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}

/** Where a value first does not hold what is wanted: every field of an object, equal lists and values. */
function differenceOf(given: Json | undefined, wanted: Json, path = ''): string | undefined {
  const here = path === '' ? 'it' : path;
  if (isJsonObject(wanted)) {
    if (!isJsonObject(given)) return here;
    for (const [name, value] of Object.entries(wanted)) {
      const found = differenceOf(
        Object.hasOwn(given, name) ? given[name] : undefined,
        value,
        `${path === '' ? '' : `${path}.`}${name}`,
      );
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (Array.isArray(wanted)) {
    if (!Array.isArray(given) || given.length !== wanted.length) return here;
    const index = wanted.findIndex((one: Json, at) => differenceOf(given[at], one) !== undefined);
    return index === -1 ? undefined : `${path}[${index}]`;
  }
  return given === wanted ? undefined : here;
}
