// JSON as the journal, playbooks and actions exchange it.

export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export type JsonObject = { readonly [key: string]: Json };

/** A JSON Schema, draft 2020-12, as data. */
export type Schema = { readonly [keyword: string]: Json };

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** JSON text with object keys sorted at every level, so that equal values have equal text. Used under digests. */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (isJsonObject(value)) {
    const entries = Object.keys(value)
      .sort()
      .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] ?? null)}`);
    return `{${entries.join(',')}}`;
  }
  return JSON.stringify(value);
}

/** Structural equality of two JSON values. */
export function jsonEquals(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (a === undefined || b === undefined) return false;
  return canonicalJson(a) === canonicalJson(b);
}

/** True where `whole` holds every field of `part`, deeply: the test for "already in the wanted state". */
export function holdsFields(whole: Json | undefined, part: Json): boolean {
  if (isJsonObject(part)) {
    if (!isJsonObject(whole)) return false;
    return Object.entries(part).every(([key, value]) => holdsFields(whole[key], value));
  }
  return jsonEquals(whole, part);
}
