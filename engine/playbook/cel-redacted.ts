// A value that was redacted before it was stored is not the value: an expression that reads one fails, and does not
// compare the marker. What is not read may hold as many as it likes, so objects are looked at field by field.
import { isJsonObject, type Json } from '../json.ts';
import { isRedactionMarker } from '../redact.ts';

/** Thrown while an expression is evaluated. */
export class RedactedRead extends Error {
  /** The name of what was read, where it has one. */
  readonly field: string | undefined;
  constructor(field: string | undefined) {
    super(`${field === undefined ? 'a value' : `\`${field}\``} is redacted`);
    this.field = field;
  }
}

/** @throws RedactedRead */
export function unredacted(value: Json, field?: string): Json {
  if (typeof value === 'string' && isRedactionMarker(value)) throw new RedactedRead(field);
  return value;
}

/** A value whose shape is not known, as CEL reads it. @throws RedactedRead for text, and for lists of it. */
export function guarded(value: Json, field?: string): unknown {
  if (Array.isArray(value)) return value.map((item: Json) => guarded(item, field));
  return isJsonObject(value) ? new GuardedMap(value) : unredacted(value, field);
}

/** The inner error, wherever cel-js put it. */
export function redactedRead(error: unknown): RedactedRead | undefined {
  for (let one = error, depth = 0; one instanceof Error && depth < 8; one = one.cause, depth += 1)
    if (one instanceof RedactedRead) return one;
  return undefined;
}

/** An object whose fields are converted when they are read. */
export class GuardedMap extends Map<string, unknown> {
  static {
    // cel-js knows a map by its constructor alone.
    Object.defineProperty(GuardedMap.prototype, 'constructor', { value: Map });
  }

  readonly raw: { readonly [field: string]: Json };
  readonly #convert: (value: Json, field: string) => unknown;
  readonly #converted = new Set<string>();

  constructor(raw: { readonly [field: string]: Json }, convert: (value: Json, field: string) => unknown = guarded) {
    super();
    this.raw = raw;
    this.#convert = convert;
    // Set only now: the constructor of Map would call `set` before there are fields of our own.
    for (const [field, value] of Object.entries(raw)) super.set(field, value);
  }

  override get(field: string): unknown {
    if (!Object.hasOwn(this.raw, field) || this.#converted.has(field)) return super.get(field);
    const value = this.#convert(this.raw[field] ?? null, field);
    super.set(field, value);
    this.#converted.add(field);
    return value;
  }

  override *entries(): MapIterator<[string, unknown]> {
    for (const field of this.keys()) yield [field, this.get(field)];
  }

  override *values(): MapIterator<unknown> {
    for (const field of this.keys()) yield this.get(field);
  }

  override [Symbol.iterator](): MapIterator<[string, unknown]> {
    return this.entries();
  }

  override forEach(look: (value: unknown, field: string, map: Map<string, unknown>) => void): void {
    for (const field of this.keys()) look(this.get(field), field, this);
  }
}
