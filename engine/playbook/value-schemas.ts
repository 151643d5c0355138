// Schemas of values that an expression makes: of a filtered or mapped list, of lists put together, of what one of two
// branches gives. What is known of the parts stays known of the whole, optional fields and enums too.
import { canonicalJson, isJsonObject, type Schema } from '../json.ts';
import { itemsOf, propertiesOf, propertyOf, requiredOf, typesOf } from './schema-shape.ts';
import { boundedSchema } from './schema-weight.ts';
import { holdsSecret } from './secret-fields.ts';

type Known = Schema | undefined;

/** What a value is that is one of the two; undefined where they have too little in common. */
export function joined(a: Known, b: Known): Known {
  if (a === undefined || b === undefined) return undefined;
  if (a === b || canonicalJson(a) === canonicalJson(b)) return a;
  const aItems = itemsOf(a);
  const bItems = itemsOf(b);
  if (aItems !== undefined && bItems !== undefined) return listOf(joined(aItems, bItems));
  const names = Object.keys(propertiesOf(a) ?? {});
  const others = propertiesOf(b);
  if (names.length === 0 || others === undefined || names.length !== Object.keys(others).length) return undefined;
  const properties: [string, Schema][] = [];
  for (const name of names) {
    const property = joined(propertyOf(a, name), propertyOf(b, name));
    if (property === undefined) return undefined;
    properties.push([name, property]);
  }
  const required = requiredOf(a).filter((name) => requiredOf(b).includes(name));
  return { ...a, properties: Object.fromEntries(properties), required };
}

/** What all of them are, where they are all known to be alike. */
export function joinedAll(schemas: readonly Known[]): Known {
  return schemas.slice(1).reduce<Known>(joined, schemas[0]);
}

/** A list of such entries. Of what holds secrets nothing is said here: no operation makes a list of it. */
export function listOf(items: Known): Known {
  if (items === undefined || holdsSecret(items)) return undefined;
  return boundedSchema({ type: 'array', items });
}

/** `a + b`: of lists; other values are what CEL says. */
export function added(a: Known, b: Known): Known {
  const isList = [a, b].every((one) => one !== undefined && typesOf(one).includes('array'));
  return isList ? joined(a, b) : undefined;
}

/**
 * A map written in an expression, by its names. Open: whoever reads another name is told by CEL. Undefined where all of
 * its values are plain ones, of which CEL's own type says as much.
 */
export function mapOf(fields: ReadonlyMap<string, Known>): Known {
  const known = [...fields].filter((field): field is [string, Schema] => field[1] !== undefined);
  if (known.some(([, schema]) => holdsSecret(schema)) || !known.some(([, schema]) => hasParts(schema)))
    return undefined;
  const properties = Object.fromEntries(known);
  return boundedSchema({ type: 'object', properties, required: [...fields.keys()], additionalProperties: true });
}

function hasParts(schema: Schema): boolean {
  return isJsonObject(schema.items) || isJsonObject(schema.properties);
}

/** The schema where these fields, `output` or `output.sum`, are known to be there. */
export function narrowed(schema: Schema, paths: readonly string[]): Schema {
  return paths.reduce((one, path) => withField(one, path.split('.')), schema);
}

function withField(schema: Schema, [name, ...rest]: readonly string[]): Schema {
  const property = name === undefined ? undefined : propertyOf(schema, name);
  if (name === undefined || property === undefined) return schema;
  const properties =
    rest.length === 0 ? schema.properties : { ...propertiesOf(schema), [name]: withField(property, rest) };
  const required = requiredOf(schema).includes(name) ? requiredOf(schema) : [...requiredOf(schema), name];
  return { ...schema, ...(properties === undefined ? {} : { properties }), required };
}
