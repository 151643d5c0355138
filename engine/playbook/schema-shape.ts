// Reading JSON Schemas where only their shape matters: types, properties, entries.
import { isJsonObject, type Json, type Schema } from '../json.ts';

/** The types a schema allows, from `type`, else from its enum or const; empty where it does not say. */
export function typesOf(schema: Schema): readonly string[] {
  const { type } = schema;
  if (typeof type === 'string') return [type];
  if (Array.isArray(type)) return type.filter((one) => typeof one === 'string');
  const values = literalsOf(schema);
  if (values !== undefined) return [...new Set(values.map(jsonType))];
  if (isJsonObject(schema.properties)) return ['object'];
  return [];
}

/** The only values a schema allows, where it lists them. */
export function literalsOf(schema: Schema): readonly Json[] | undefined {
  if (Array.isArray(schema.enum)) return schema.enum;
  return schema.const === undefined ? undefined : [schema.const];
}

export function propertiesOf(schema: Schema): { readonly [name: string]: Schema } | undefined {
  // A property's schema may also be `true`; read as "anything".
  return isJsonObject(schema.properties) ? (schema.properties as { readonly [name: string]: Schema }) : undefined;
}

export function propertyOf(schema: Schema, name: string): Schema | undefined {
  const properties = propertiesOf(schema);
  if (properties === undefined || !Object.hasOwn(properties, name)) return undefined;
  const property: Json | undefined = properties[name];
  return isJsonObject(property) ? property : {};
}

export function requiredOf(schema: Schema): readonly string[] {
  return Array.isArray(schema.required) ? schema.required.filter((name) => typeof name === 'string') : [];
}

export function itemsOf(schema: Schema): Schema | undefined {
  return isJsonObject(schema.items) ? schema.items : undefined;
}

/** True for an object whose properties are all declared: a name outside them is a mistake. */
export function isClosedObject(schema: Schema): boolean {
  const { additionalProperties } = schema;
  return propertiesOf(schema) !== undefined && (additionalProperties === undefined || additionalProperties === false);
}

/** A closed object schema, every property required unless named as optional. */
export function objectSchema(
  properties: { readonly [name: string]: Schema },
  optional: readonly string[] = [],
): Schema {
  const required = Object.keys(properties).filter((name) => !optional.includes(name));
  return { type: 'object', properties, required, additionalProperties: false };
}

/** Combinators whose branches are not followed: what they allow is left to the run-time check. */
export function isOpaque(schema: Schema): boolean {
  return ['$ref', 'anyOf', 'oneOf', 'allOf', 'if', 'not'].some((keyword) => schema[keyword] !== undefined);
}

/** Keywords whose values are data, and those whose keys are names. */
const DATA_KEYWORDS = new Set(['default', 'const', 'enum', 'examples']);
const NAMING_KEYWORDS = new Set(['properties', 'patternProperties', '$defs', 'definitions', 'dependentSchemas']);

/** Where a keyword is set to true in a schema, at any depth: the paths that lead to it. */
export function findMarks(schema: Json, keyword: string): readonly (string | number)[][] {
  if (Array.isArray(schema)) return schema.flatMap((one: Json, index) => marksUnder(index, one, keyword));
  if (!isJsonObject(schema)) return [];
  return Object.entries(schema).flatMap(([key, value]) => {
    if (key === keyword) return value === true ? [[key]] : [];
    if (DATA_KEYWORDS.has(key)) return [];
    if (!NAMING_KEYWORDS.has(key) || !isJsonObject(value)) return marksUnder(key, value, keyword);
    return Object.entries(value).flatMap(([name, one]) => marksUnder(name, one, keyword).map((path) => [key, ...path]));
  });
}

function marksUnder(part: string | number, schema: Json, keyword: string): (string | number)[][] {
  return findMarks(schema, keyword).map((path) => [part, ...path]);
}

function jsonType(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}
