// JSON Schemas as CEL types, and JSON values as values of those types. Objects convert field by field when a field is
// read, so an expression over a large output costs what it reads.
import { canonicalJson, isJsonObject, type Json, type Schema } from '../json.ts';
import { CelRecord, type RecordFields } from './cel-record.ts';
import { GuardedMap, guarded, unredacted } from './cel-redacted.ts';
import { isClosedObject, isOpaque, itemsOf, propertiesOf, typesOf } from './schema-shape.ts';

export interface CelType {
  /** As cel-js spells it: `int`, `list<object3>`. */
  readonly name: string;
  /** Object types it is made of, inner ones first: to register in an environment. */
  readonly objects: readonly CelObjectType[];
  /** Absent where the JSON value is the CEL value. `field`: its name, for what is said of a redacted one. */
  readonly toCel?: (value: Json, field?: string) => unknown;
}
export interface CelObjectType {
  readonly name: string;
  readonly schema: Schema;
  readonly fields: { readonly [field: string]: string };
  readonly constructorOf: new (raw: Json) => unknown;
}

export const DYN: CelType = { name: 'dyn', objects: [], toCel: remembered(guarded) };

/** JSON values never change, so one is converted once and kept as long as it is: `inputs` are read by every expression. */
function remembered(toCel: NonNullable<CelType['toCel']>): NonNullable<CelType['toCel']> {
  const known = new WeakMap<object, unknown>();
  return (value, field) => {
    if (typeof value !== 'object' || value === null) return toCel(value, field);
    if (known.has(value)) return known.get(value);
    const converted = toCel(value, field);
    known.set(value, converted);
    return converted;
  };
}

/** The types of one playbook. Equal schemas share one type, so environments can be shared too. */
export class TypePool {
  readonly #bySchema = new WeakMap<Schema, CelType>();
  readonly #byText = new Map<string, CelType>();
  readonly #objects = new Map<string, CelObjectType>();

  /** The CEL type of a schema; `dyn` where JSON Schema says more, or less, than CEL can. */
  of(schema: Schema): CelType {
    const known = this.#bySchema.get(schema);
    if (known !== undefined) return known;
    const text = canonicalJson(schema);
    const type = this.#byText.get(text) ?? this.#make(schema);
    this.#byText.set(text, type);
    this.#bySchema.set(schema, type);
    return type;
  }

  /** The schema behind an object type's name. */
  schemaOf(typeName: string): Schema | undefined {
    return this.#objects.get(typeName)?.schema;
  }

  #make(schema: Schema): CelType {
    const types = typesOf(schema);
    const concrete = types.filter((type) => type !== 'null');
    const [only] = concrete;
    if (only === undefined || concrete.length > 1 || isOpaque(schema)) return DYN;
    const type = this.#ofKind(only, schema);
    if (concrete.length === types.length) return type;
    // Nullable: `dyn` to the checker, converted by schema all the same.
    const { toCel } = type;
    return {
      name: 'dyn',
      objects: type.objects,
      ...(toCel && { toCel: (value: Json, field?: string) => (value === null ? null : toCel(value, field)) }),
    };
  }

  #ofKind(kind: string, schema: Schema): CelType {
    switch (kind) {
      case 'string':
        return { name: 'string', objects: [], toCel: unredacted };
      case 'boolean':
        return { name: 'bool', objects: [] };
      case 'integer':
        return { name: 'int', objects: [], toCel: toInt };
      case 'number':
        return { name: 'double', objects: [] };
      case 'array':
        return withMemory(this.#list(itemsOf(schema)));
      case 'object':
        return withMemory(isClosedObject(schema) ? this.#object(schema) : this.#map(schema));
      default:
        return DYN;
    }
  }

  #list(items: Schema | undefined): CelType {
    if (items === undefined) return { name: 'list<dyn>', objects: [], toCel: guarded };
    const { name, objects, toCel } = this.of(items);
    if (toCel === undefined) return { name: `list<${name}>`, objects };
    return {
      name: `list<${name}>`,
      objects,
      toCel: (value, field) => (Array.isArray(value) ? value.map((item: Json) => toCel(item, field)) : value),
    };
  }

  /** Open objects: values typed where all are alike, else each converted by its own schema. */
  #map(schema: Schema): CelType {
    const properties = propertiesOf(schema);
    const rest = isJsonObject(schema.additionalProperties) ? this.of(schema.additionalProperties) : undefined;
    const named = new Map(
      Object.entries(properties ?? {}).map(([name, one]) => [name, this.of(isJsonObject(one) ? one : {})]),
    );
    const value = properties === undefined && rest !== undefined ? rest.name : 'dyn';
    const objects = [...new Set([...named.values(), ...(rest ? [rest] : [])].flatMap((type) => type.objects))];
    return {
      name: `map<string, ${value}>`,
      objects,
      toCel: (json) => {
        if (!isJsonObject(json)) return json;
        return new GuardedMap(json, (field, key) => ((named.get(key) ?? rest)?.toCel ?? guarded)(field, key));
      },
    };
  }

  #object(schema: Schema): CelType {
    const types = Object.entries(propertiesOf(schema) ?? {}).map(
      ([field, one]) => [field, this.of(isJsonObject(one) ? one : {})] as const,
    );
    const name = `object${this.#objects.size + 1}`;
    const converters: RecordFields = new Map(types.map(([field, type]) => [field, type.toCel]));
    const constructorOf = class extends CelRecord {
      constructor(raw: Json) {
        super(raw, converters);
      }
    };
    const fields = Object.fromEntries(types.map(([field, type]) => [field, type.name]));
    const object: CelObjectType = { name, schema, fields, constructorOf };
    this.#objects.set(name, object);
    const objects = [...new Set([...types.flatMap(([, type]) => type.objects), object])];
    return { name, objects, toCel: (value) => (isJsonObject(value) ? new constructorOf(value) : value) };
  }
}

function withMemory(type: CelType): CelType {
  return type.toCel === undefined ? type : { ...type, toCel: remembered(type.toCel) };
}

/** @throws RangeError for a number that is no exact integer. */
function toInt(value: Json): unknown {
  if (typeof value !== 'number') return value;
  if (!Number.isSafeInteger(value)) throw new RangeError(`${value} is not an integer that can be kept exactly`);
  return BigInt(value);
}
