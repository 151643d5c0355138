// Schemas of values that playbooks compute: what a var holds, what a playbook gives, what a loop's entries are. They
// tell later expressions the types, and a person's answer is checked against them.
import { isJsonObject, type Json, type Schema } from '../json.ts';
import type { TypePool } from './cel-types.ts';
import type { StaticType } from './expressions.ts';
import { objectSchema } from './schema-shape.ts';
import { boundedSchema } from './schema-weight.ts';
import type { Path } from './source.ts';
import type { CheckedTemplate } from './templates.ts';

const ANYTHING: Schema = {};
const TEXT: Schema = { type: 'string' };
const SCALARS: { readonly [cel: string]: Schema } = {
  string: TEXT,
  bool: { type: 'boolean' },
  int: { type: 'integer' },
  double: { type: 'number' },
  // As results leave CEL: ISO 8601 text, and text such as `90s`.
  'google.protobuf.Timestamp': TEXT,
  'google.protobuf.Duration': TEXT,
};

/** What an expression of this type gives, as a schema; `{}` where that is not known. */
export function schemaOfType({ cel, schema }: StaticType, pool: TypePool): Schema {
  if (schema !== undefined) return schema;
  const scalar = SCALARS[cel];
  if (scalar !== undefined) return scalar;
  const item = /^list<(.+)>$/.exec(cel)?.[1];
  if (item !== undefined) return { type: 'array', items: schemaOfType({ cel: item, schema: undefined }, pool) };
  const field = /^map<string, (.+)>$/.exec(cel)?.[1];
  if (field !== undefined)
    return { type: 'object', additionalProperties: schemaOfType({ cel: field, schema: undefined }, pool) };
  return pool.schemaOf(cel) ?? ANYTHING;
}

/** What a template gives: expressions by their types, the rest by the value as written. */
export function schemaOfTemplate(template: CheckedTemplate, pool: TypePool): Schema {
  const holes = new Map(template.holes.map((hole) => [keyOf(hole.path), hole.type]));
  const at = (value: Json, path: Path): { readonly schema: Schema; readonly isOptional: boolean } => {
    const type = holes.get(keyOf(path));
    if (type !== undefined) {
      const inner = /^optional<(.+)>$/.exec(type.cel)?.[1];
      if (inner === undefined && !type.cel.startsWith('optional'))
        return { schema: schemaOfType(type, pool), isOptional: false };
      return { schema: schemaOfType({ cel: inner ?? 'dyn', schema: undefined }, pool), isOptional: true };
    }
    if (Array.isArray(value)) {
      const items = value.map((entry: Json, index) => at(entry, [...path, index]));
      // An absent entry of a list is null.
      const schemas = items.map((item) => (item.isOptional ? ANYTHING : item.schema));
      return { schema: { type: 'array', items: common(schemas) }, isOptional: false };
    }
    if (!isJsonObject(value)) return { schema: schemaOfScalar(value), isOptional: false };
    const fields = Object.entries(value).map(([key, field]) => [key, at(field, [...path, key])] as const);
    const optional = fields.filter(([, field]) => field.isOptional).map(([key]) => key);
    const properties = Object.fromEntries(fields.map(([key, field]) => [key, field.schema]));
    return { schema: objectSchema(properties, optional), isOptional: false };
  };
  const whole = at(template.written, []);
  // A whole that is absent is null.
  return whole.isOptional ? ANYTHING : boundedSchema(whole.schema);
}

/** What the entries of a list are, where they are known to be all of one kind. */
function common(schemas: readonly Schema[]): Schema {
  const [first, ...rest] = schemas;
  if (first === undefined) return ANYTHING;
  if (rest.every((one) => one === first)) return first;
  const types = new Set(schemas.map((one) => (Object.keys(one).length === 1 ? one.type : undefined)));
  const [only] = types;
  if (types.size === 1 && typeof only === 'string') return { type: only };
  const areNumbers = [...types].every((type) => type === 'integer' || type === 'number');
  return areNumbers ? { type: 'number' } : ANYTHING;
}

function schemaOfScalar(value: Json): Schema {
  switch (typeof value) {
    case 'string':
      return TEXT;
    case 'boolean':
      return { type: 'boolean' };
    case 'number':
      return { type: Number.isInteger(value) ? 'integer' : 'number' };
    default:
      return ANYTHING;
  }
}

function keyOf(path: Path): string {
  return JSON.stringify(path);
}
