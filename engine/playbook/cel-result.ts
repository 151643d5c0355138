// Results of CEL as JSON.
import { Optional } from '@marcbachmann/cel-js';
import { isJsonObject, type Json } from '../json.ts';
import { CelRecord } from './cel-record.ts';
import { GuardedMap } from './cel-redacted.ts';

/** As `fromCel`; undefined for an optional value that is absent (`inputs.?since`). */
export function fromOptionalCel(value: unknown): Json | undefined {
  if (!(value instanceof Optional)) return fromCel(value);
  return value.hasValue() ? fromCel(value.value()) : undefined;
}

/**
 * A CEL value as JSON: int to number, timestamp to ISO 8601 text, duration to text such as `90s`.
 * @throws RangeError for an int beyond 2^53 and a double that is no number; TypeError for bytes and types.
 */
export function fromCel(value: unknown): Json {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      if (!Number.isFinite(value)) throw new RangeError(`the result is ${value}, which is no JSON number`);
      return value;
    case 'bigint': {
      const number = Number(value);
      if (!Number.isSafeInteger(number)) throw new RangeError(`the result ${value} is beyond 2^53`);
      return number;
    }
    default:
      return fromObject(value);
  }
}

function fromObject(value: unknown): Json {
  if (value === null) return null;
  if (value instanceof CelRecord || value instanceof GuardedMap) return value.raw;
  if (Array.isArray(value)) return value.map(fromCel);
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Map) return fromEntries(value);
  if (isPlain(value)) return fromEntries(Object.entries(value));
  if (isDuration(value)) return String(value);
  throw new TypeError('the result is a kind of value that JSON does not have');
}

function fromEntries(entries: Iterable<[unknown, unknown]>): Json {
  const fields: { [key: string]: Json } = {};
  for (const [key, field] of entries) {
    const name = String(key);
    if (name !== '__proto__') fields[name] = fromCel(field);
  }
  return fields;
}

function isPlain(value: unknown): value is object {
  const prototype: unknown = typeof value === 'object' && value !== null ? Object.getPrototypeOf(value) : undefined;
  return isJsonObject(value) && (prototype === Object.prototype || prototype === null);
}

function isDuration(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'seconds' in value && 'nanos' in value;
}
