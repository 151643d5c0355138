// One object value inside CEL. cel-js reads fields of registered types through `get`, as of a Map.
import { isJsonObject, type Json } from '../json.ts';

export type RecordFields = ReadonlyMap<string, ((value: Json, field?: string) => unknown) | undefined>;

export class CelRecord extends Map<string, unknown> {
  readonly raw: Json;
  readonly #fields: RecordFields;

  constructor(raw: Json, fields: RecordFields) {
    super();
    this.raw = raw;
    this.#fields = fields;
  }

  /** The field's value, converted when first read; undefined where it is absent. */
  override get(field: string): unknown {
    if (super.has(field)) return super.get(field);
    if (!this.#fields.has(field) || !isJsonObject(this.raw) || !Object.hasOwn(this.raw, field)) return undefined;
    const json = this.raw[field];
    if (json === undefined) return undefined;
    const toCel = this.#fields.get(field);
    const value = toCel === undefined ? json : toCel(json, field);
    super.set(field, value);
    return value;
  }
}
