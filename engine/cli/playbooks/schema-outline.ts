// A JSON Schema as lines a person can read: what may or must stand where. Pure.
import { isJsonObject, type Json, type Schema } from '../../json.ts';
import { oneLine } from '../../ui/text.ts';

const MOST_LEVELS = 4;
const INDENT = '  ';

/** One line a property, what is inside it below, indented. None where the schema names no properties. */
export function schemaLines(schema: Schema, level = 0): readonly string[] {
  const properties = isJsonObject(schema.properties) ? schema.properties : {};
  const required: readonly Json[] = Array.isArray(schema.required) ? schema.required : [];
  return Object.entries(properties).flatMap(([name, property]) => {
    const inner = isJsonObject(property) ? property : {};
    const head = `${name}${required.includes(name) ? '' : '?'}: ${words(inner)}`;
    const text = typeof inner.description === 'string' ? `. ${oneLine(inner.description)}` : '';
    const below = level < MOST_LEVELS ? schemaLines(nested(inner), level + 1) : [];
    return [`${INDENT.repeat(level)}${head}${text}`, ...below];
  });
}

/** What has properties of its own: the value itself, or the entries of a list. */
function nested(schema: Schema): Schema {
  return isJsonObject(schema.items) ? nested(schema.items) : schema;
}

function words(schema: Schema): string {
  const fallback = schema.default === undefined ? '' : `, default ${JSON.stringify(schema.default)}`;
  const bounds = boundWords(schema);
  return `${typeWords(schema)}${bounds === '' ? '' : ` (${bounds})`}${fallback}`;
}

function typeWords(schema: Schema): string {
  if (Array.isArray(schema.enum)) return `one of ${schema.enum.map((one: Json) => JSON.stringify(one)).join(', ')}`;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  const forms = Array.isArray(schema.anyOf) ? schema.anyOf : Array.isArray(schema.oneOf) ? schema.oneOf : [];
  if (forms.length > 0) return forms.map((one: Json) => (isJsonObject(one) ? typeWords(one) : 'anything')).join(' or ');
  const types: readonly Json[] = Array.isArray(schema.type)
    ? schema.type
    : schema.type === undefined
      ? []
      : [schema.type];
  return types.length === 0 ? 'anything' : types.map((type) => typeWord(type, schema)).join(' or ');
}

function typeWord(type: Json, schema: Schema): string {
  switch (type) {
    case 'string':
      return schema.format === 'date-time' ? 'time' : schema.format === 'uri' ? 'URL' : 'text';
    case 'integer':
      return 'whole number';
    case 'boolean':
      return 'true or false';
    case 'array':
      return isJsonObject(schema.items) ? `list of ${words(schema.items)}` : 'list';
    case 'object':
      return isJsonObject(schema.additionalProperties) ? `map of ${words(schema.additionalProperties)}` : 'map';
    default:
      return String(type);
  }
}

function boundWords(schema: Schema): string {
  const bounds: readonly (readonly [string, string])[] = [
    ['minimum', 'at least'],
    ['maximum', 'at most'],
    ['minLength', 'shortest'],
    ['maxLength', 'longest'],
    ['minItems', 'entries at least'],
    ['maxItems', 'entries at most'],
    ['pattern', 'like'],
  ];
  return bounds
    .flatMap(([key, word]) => (schema[key] === undefined ? [] : [`${word} ${String(schema[key])}`]))
    .join(', ');
}
