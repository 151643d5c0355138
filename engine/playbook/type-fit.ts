// Can a value of this CEL type ever fit this JSON Schema?
import type { Schema } from '../json.ts';
import { friendly } from './cel-errors.ts';
import type { StaticType } from './expressions.ts';
import { isClosedObject, isOpaque, itemsOf, propertiesOf, propertyOf, requiredOf, typesOf } from './schema-shape.ts';

export interface Misfit {
  readonly message: string;
  readonly hint?: string;
}
type SchemaOf = (typeName: string) => Schema | undefined;

const JSON_TYPES: { readonly [cel: string]: readonly string[] } = {
  string: ['string'],
  bool: ['boolean'],
  int: ['integer', 'number'],
  double: ['number'],
  null: ['null'],
  'google.protobuf.Timestamp': ['string'],
  'google.protobuf.Duration': ['string'],
};

/** @returns why not, or undefined where it may fit; `dyn` always may. */
export function misfitOf(type: StaticType, wanted: Schema, schemaOf: SchemaOf): Misfit | undefined {
  const optional = /^optional<(.+)>$/.exec(type.cel);
  if (optional !== null) return misfitOf({ cel: optional[1] ?? 'dyn', schema: undefined }, wanted, schemaOf);
  const { cel } = type;
  const allowed = typesOf(wanted);
  if (cel.startsWith('dyn') || isOpaque(wanted) || allowed.length === 0) return undefined;
  const list = /^list(?:<(.+)>)?$/.exec(cel);
  const schema = type.schema ?? schemaOf(cel);
  const own =
    list !== null
      ? ['array']
      : schema !== undefined && !(cel in JSON_TYPES)
        ? ['object']
        : cel.startsWith('map')
          ? ['object']
          : JSON_TYPES[cel];
  if (own === undefined) return { message: `${friendly(cel)} is no JSON value` };
  if (!own.some((one) => allowed.includes(one))) {
    const hint =
      cel === 'double' && allowed.includes('integer')
        ? 'convert it: int(x)'
        : allowed.includes('string') && cel !== 'null' && list === null
          ? 'convert it: string(x)'
          : undefined;
    return {
      message: `must be ${allowed.map(word).join(' or ')}; the expression gives ${friendly(cel)}`,
      ...(hint === undefined ? {} : { hint }),
    };
  }
  if (list !== null) return misfitOfItems(list[1] ?? 'dyn', wanted, schemaOf);
  return own[0] === 'object' && schema !== undefined ? misfitOfFields(schema, wanted) : undefined;
}

function misfitOfItems(item: string, wanted: Schema, schemaOf: SchemaOf): Misfit | undefined {
  const items = itemsOf(wanted);
  const misfit = items === undefined ? undefined : misfitOf({ cel: item, schema: undefined }, items, schemaOf);
  return misfit === undefined ? undefined : { ...misfit, message: `each entry ${misfit.message}` };
}

function misfitOfFields(given: Schema, wanted: Schema): Misfit | undefined {
  if (propertiesOf(given) === undefined) return undefined;
  for (const name of requiredOf(wanted)) {
    if (propertyOf(given, name) === undefined)
      return { message: `\`${name}\` is missing in what the expression gives` };
  }
  if (!isClosedObject(wanted) || wanted.additionalProperties !== false) return undefined;
  const extra = Object.keys(propertiesOf(given) ?? {}).find((name) => propertyOf(wanted, name) === undefined);
  return extra === undefined ? undefined : { message: `\`${extra}\`, which the expression gives, is not allowed here` };
}

function word(type: string): string {
  const words: { readonly [type: string]: string } = {
    string: 'text',
    integer: 'a whole number',
    number: 'a number',
    boolean: 'true or false',
    array: 'a list',
    object: 'a map',
    null: 'empty',
  };
  return words[type] ?? type;
}
