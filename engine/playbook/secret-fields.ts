// Fields whose schema says `secret: true`: where they are, and values without them. Their values never stand in an
// event; a handle stands for each, and the value goes back into its place only where an action's `with` is resolved.
import { isJsonObject, type Json, type Schema } from '../json.ts';
import { findMarks, itemsOf, propertiesOf, propertyOf, typesOf } from './schema-shape.ts';
import { formatPath } from './validate-value.ts';

type Pointer = readonly (string | number)[];

const KNOWN = new WeakMap<Schema, boolean>();

/** True where the value is secret as a whole. */
export function isSecret(schema: Schema): boolean {
  return schema.secret === true;
}

/** True where it, or any part of it, is secret. */
export function holdsSecret(schema: Schema): boolean {
  const known = KNOWN.get(schema);
  if (known !== undefined) return known;
  const holds = findMarks(schema, 'secret').length > 0;
  KNOWN.set(schema, holds);
  return holds;
}

/** The names of some secret fields in it, for a sentence: `token`, `users[].key`. */
export function secretNames(schema: Schema): readonly string[] {
  const names: string[] = [];
  const visit = (one: Schema, at: string): void => {
    if (!holdsSecret(one)) return;
    if (isSecret(one)) names.push(at);
    for (const [name, property] of Object.entries(propertiesOf(one) ?? {}))
      if (isJsonObject(property)) visit(property, at === '' ? name : `${at}.${name}`);
    const items = itemsOf(one);
    if (items !== undefined) visit(items, `${at}[]`);
    const rest = restOf(one);
    if (rest !== undefined) visit(rest, `${at}.*`);
  };
  visit(schema, '');
  return names;
}

/**
 * What is wrong with the marks of a schema: each must be on text, and where its place in the value is certain, so under
 * `properties`, `items` and `additionalProperties` alone. Undefined: nothing.
 */
export function secretMarkProblem(schema: Schema): string | undefined {
  for (const mark of findMarks(schema, 'secret')) {
    const owner = mark.slice(0, -1);
    const name = owner.join('/');
    if (!isCertain(owner))
      return `\`secret: true\` at \`${name}\` stands where no value is certain to be: only properties, items and additionalProperties lead to one`;
    const types = typesOf(at(schema, owner)).filter((type) => type !== 'null');
    if (types.length !== 1 || types[0] !== 'string') return `\`secret: true\` at \`${name}\` needs \`type: string\``;
  }
  return undefined;
}

function isCertain(path: Pointer): boolean {
  for (let index = 0; index < path.length; index += 1) {
    if (path[index] === 'properties') index += 1;
    else if (path[index] !== 'items' && path[index] !== 'additionalProperties') return false;
  }
  return true;
}

function at(schema: Schema, path: Pointer): Schema {
  let current: Json = schema;
  for (const part of path) current = isJsonObject(current) ? (current[part] ?? {}) : {};
  return isJsonObject(current) ? current : {};
}

/** The value with each secret text in it replaced, by where the schema says it stands and never by what it says. */
export function mapSecrets(
  schema: Schema,
  value: Json,
  change: (text: string, pointer: Pointer) => string,
  pointer: Pointer = [],
): Json {
  if (!holdsSecret(schema)) return value;
  if (isSecret(schema)) return typeof value === 'string' ? change(value, pointer) : value;
  if (Array.isArray(value)) {
    const items = itemsOf(schema);
    if (items === undefined) return value;
    return value.map((item: Json, index) => mapSecrets(items, item, change, [...pointer, index]));
  }
  if (!isJsonObject(value)) return value;
  const fields = Object.entries(value).map(([name, field]): [string, Json] => {
    const inner = fieldSchema(schema, name);
    return [name, inner === undefined ? field : mapSecrets(inner, field, change, [...pointer, name])];
  });
  // fromEntries: a field named __proto__ stays a field.
  return Object.fromEntries(fields);
}

/** What a field is by `properties`, else by `additionalProperties`. */
export function fieldSchema(schema: Schema, name: string): Schema | undefined {
  return propertyOf(schema, name) ?? restOf(schema);
}

function restOf(schema: Schema): Schema | undefined {
  return isJsonObject(schema.additionalProperties) ? schema.additionalProperties : undefined;
}

export interface Sealed {
  /** With a handle in the place of each secret. */
  readonly sealed: Json;
  /** By handle. */
  readonly values: ReadonlyMap<string, string>;
}

/** @param prefix what the handles begin with: a step's path, `inputs`. */
export function sealValue(schema: Schema, value: Json, prefix: string): Sealed {
  const values = new Map<string, string>();
  const sealed = mapSecrets(schema, value, (text, pointer) => {
    const handle = freeHandle(formatPath(pointer, prefix), values);
    values.set(handle, text);
    return handle;
  });
  return { sealed, values };
}

/** `a.b` may be a field of a field, and a field with a dot in its name. */
function freeHandle(name: string, taken: ReadonlyMap<string, string>): string {
  let handle = handleOf(name);
  for (let count = 2; taken.has(handle); count += 1) handle = handleOf(`${name}#${count}`);
  return handle;
}

/** What stands for a secret in events: `[secret:inputs.token]`. Opaque: nothing is ever read from it but its name. */
export function handleOf(name: string): string {
  return `[secret:${name}]`;
}

/** Whether what events show of a value holds a handle. Only a hint: anybody may call himself by one. */
export function showsHandle(shown: Json): boolean {
  return /\[secret:[^\]]+\]/.test(JSON.stringify(shown));
}

/** The name in a handle, for people. */
export function handleName(handle: string): string {
  return handle.replace(/^\[secret:/, '').replace(/\]$/, '');
}
