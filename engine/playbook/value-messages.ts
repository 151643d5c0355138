// What ajv found wrong with a value, in words that name the place and what was expected.
import type { Json } from '../json.ts';
import { type ErrorObject, pointerParts } from './ajv.ts';
import { didYouMean, listed } from './suggest.ts';

/** One thing wrong with a value. `path` leads to it, names and list indexes. */
export interface ValueProblem {
  readonly path: readonly (string | number)[];
  readonly keyword: string;
  readonly message: string;
  readonly hint?: string;
  /** For an unknown or missing property: its name. */
  readonly property?: string;
}

/** Errors as problems, without those that only repeat others (a failed `then` tells nothing its inside did not). */
export function describeErrors(errors: readonly ErrorObject[]): ValueProblem[] {
  return errors
    .filter(({ keyword, schemaPath }) => keyword !== 'if' && !/\/(anyOf|oneOf)\/\d+\//.test(schemaPath))
    .map(describeError);
}

function describeError(error: ErrorObject): ValueProblem {
  const path = pathOf(error);
  const base = { path, keyword: error.keyword };
  const { params } = error;
  switch (error.keyword) {
    case 'additionalProperties':
    case 'unevaluatedProperties': {
      const name = String(params.additionalProperty ?? params.unevaluatedProperty);
      const known = Object.keys((error.parentSchema?.properties as object | undefined) ?? {});
      const hint = didYouMean(name, known, known.length > 0 ? `known here: ${listed(known)}` : undefined);
      return { ...base, property: name, message: `unknown key \`${name}\``, ...(hint === undefined ? {} : { hint }) };
    }
    case 'required':
      return {
        ...base,
        property: String(params.missingProperty),
        message: `\`${String(params.missingProperty)}\` is missing`,
      };
    case 'type':
      return { ...base, message: `must be ${typeWords(params.type)}, not ${kindOf(error.data as Json)}` };
    case 'enum': {
      const allowed = (params.allowedValues as Json[]).map((value) =>
        typeof value === 'string' ? value : JSON.stringify(value),
      );
      const near = typeof error.data === 'string' ? didYouMean(error.data, allowed) : undefined;
      return { ...base, message: `must be one of ${listed(allowed)}`, ...(near === undefined ? {} : { hint: near }) };
    }
    case 'const':
      return { ...base, message: `must be ${JSON.stringify(params.allowedValue)}` };
    case 'format':
      return { ...base, message: formatWords(String(params.format)) };
    case 'pattern':
      return { ...base, message: `does not match the pattern ${String(params.pattern)}` };
    case 'minItems':
      return { ...base, message: `needs at least ${countWord(Number(params.limit), 'entry', 'entries')}` };
    case 'maxItems':
      return { ...base, message: `may have at most ${countWord(Number(params.limit), 'entry', 'entries')}` };
    case 'minLength':
      return {
        ...base,
        message: Number(params.limit) === 1 ? 'must not be empty' : `needs at least ${String(params.limit)} characters`,
      };
    case 'maxLength':
      return { ...base, message: `may have at most ${String(params.limit)} characters` };
    case 'uniqueItems':
      return { ...base, message: `has two equal entries, ${String(params.j)} and ${String(params.i)}` };
    case 'anyOf':
    case 'oneOf':
      return { ...base, message: `${kindOf(error.data as Json)} is none of the forms that are allowed here` };
    case 'false schema':
      return { ...base, message: 'is not allowed here' };
    default:
      return { ...base, message: error.message ?? 'does not fit' };
  }
}

function pathOf(error: ErrorObject): (string | number)[] {
  return pointerParts(error.instancePath).map((part) => (/^\d+$/.test(part) ? Number(part) : part));
}

function countWord(count: number, one: string, many: string): string {
  return `${count} ${count === 1 ? one : many}`;
}

function formatWords(format: string): string {
  switch (format) {
    case 'runbook-duration':
      return 'must be a duration such as `500ms`, `15s`, `10m` or `2h`';
    case 'date-time':
      return 'must be a time such as 2026-01-31T03:00:00Z';
    default:
      return `must be a valid ${format}`;
  }
}

function typeWords(type: unknown): string {
  const types: readonly unknown[] = Array.isArray(type) ? type : [type];
  return types.map((one) => TYPE_WORDS[String(one)] ?? String(one)).join(' or ');
}

const TYPE_WORDS: { readonly [type: string]: string } = {
  string: 'text',
  integer: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  null: 'empty',
};

/** What a value is, for a message: `the text "5"`, `a list`. */
export function kindOf(value: Json): string {
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  switch (typeof value) {
    case 'string':
      return `the text ${JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)}`;
    case 'object':
      return 'a map';
    default:
      return JSON.stringify(value);
  }
}
