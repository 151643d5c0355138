// What is wrong with a schema itself, in words that name the keyword and where it stands.
import type { Ajv2020 } from 'ajv/dist/2020.js';
import { messageOf } from '../errors.ts';
import { isJsonObject, type Json, type Schema } from '../json.ts';
import type { ErrorObject } from './ajv.ts';
import { didYouMean } from './suggest.ts';
import { describeErrors, kindOf, type ValueProblem } from './value-messages.ts';

const TYPES = ['string', 'integer', 'number', 'boolean', 'array', 'object', 'null'];
/** Those that people write; draft 2020-12, and our own. */
const KEYWORDS = [
  'type',
  'title',
  'description',
  'default',
  'examples',
  'enum',
  'const',
  'format',
  'pattern',
  'secret',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'items',
  'prefixItems',
  'minItems',
  'maxItems',
  'uniqueItems',
  'contains',
  'properties',
  'required',
  'additionalProperties',
  'patternProperties',
  'propertyNames',
  'minProperties',
  'maxProperties',
  'dependentRequired',
  'anyOf',
  'oneOf',
  'allOf',
  'not',
];

/** @returns empty where it is a valid schema; else it was compiled in vain. */
export function findSchemaProblems(ajv: Ajv2020, schema: Schema, compile: () => unknown): readonly ValueProblem[] {
  try {
    compile();
    return [];
  } catch (error) {
    const ofMeta = ajv.validateSchema(schema) === true ? [] : describeMeta(schema, ajv.errors ?? []);
    return ofMeta.length > 0 ? ofMeta : [describeMessage(ajv, schema, messageOf(error))];
  }
}

/** One for each place: the meta-schema says the same of it in many ways. */
function describeMeta(schema: Schema, errors: readonly ErrorObject[]): ValueProblem[] {
  const found = new Map<string, ValueProblem>();
  for (const problem of describeErrors(errors)) {
    const isType = problem.path.lastIndexOf('type') >= problem.path.length - 2;
    const path = isType ? problem.path.slice(0, problem.path.lastIndexOf('type') + 1) : problem.path;
    const key = JSON.stringify(path);
    if (!found.has(key)) found.set(key, { ...problem, path, ...wordsOf(path, valueAt(schema, path), problem) });
  }
  return [...found.values()];
}

function wordsOf(
  path: ValueProblem['path'],
  value: Json,
  problem: ValueProblem,
): Pick<ValueProblem, 'message' | 'hint'> {
  switch (path.at(-1)) {
    case 'type': {
      const wrong = [value].flat().find((one) => !TYPES.some((type) => type === one));
      const known = `one of ${TYPES.join(', ')}`;
      const hint = typeof wrong === 'string' ? didYouMean(wrong, TYPES) : undefined;
      return { message: `must be ${known}, not ${kindOf(wrong ?? value)}`, ...(hint === undefined ? {} : { hint }) };
    }
    case 'required':
      return { message: `${problem.message}`, hint: 'a map lists the names that must be there: `required: [id]`' };
    default:
      return problem.keyword === 'type' && problem.message.includes('true or false')
        ? { message: `must be a schema, not ${kindOf(value)}`, hint: 'such as { type: string }' }
        : problem;
  }
}

/** What ajv finds while it compiles: keywords and formats that do not exist, patterns that are none. */
function describeMessage(ajv: Ajv2020, schema: Schema, text: string): ValueProblem {
  const keyword = /^strict mode: unknown keyword: "(.+)"$/.exec(text)?.[1];
  if (keyword !== undefined) {
    const hint = didYouMean(keyword, KEYWORDS);
    const path = pathTo(schema, (key) => key === keyword);
    return {
      path,
      keyword: 'unknown',
      message: 'is no keyword of JSON Schema',
      ...(hint === undefined ? {} : { hint }),
    };
  }
  const format = /^unknown format "(.+)" ignored/.exec(text)?.[1];
  if (format !== undefined) {
    const hint = didYouMean(format, Object.keys(ajv.formats));
    const path = pathTo(schema, (key, value) => key === 'format' && value === format);
    return { path, keyword: 'format', message: `names no format: ${format}`, ...(hint === undefined ? {} : { hint }) };
  }
  if (text.startsWith('Invalid regular expression')) {
    const path = pathTo(schema, (key, value) => key === 'pattern' && typeof value === 'string' && !isPattern(value));
    return { path, keyword: 'pattern', message: `is no regular expression: ${text.replace(/^.*: /, '')}` };
  }
  return { path: [], keyword: '', message: text };
}

function isPattern(text: string): boolean {
  try {
    new RegExp(text, 'u');
    return true;
  } catch {
    return false;
  }
}

/** The first place in the schema of which this is true; the whole where there is none. */
function pathTo(value: Json, isIt: (key: string, value: Json) => boolean): (string | number)[] {
  return search(value, isIt) ?? [];
}

function search(value: Json, isIt: (key: string, value: Json) => boolean): (string | number)[] | undefined {
  const entries: [string | number, Json][] = Array.isArray(value)
    ? value.map((one: Json, index): [number, Json] => [index, one])
    : isJsonObject(value)
      ? Object.entries(value)
      : [];
  for (const [key, inner] of entries) {
    if (typeof key === 'string' && isIt(key, inner)) return [key];
    const rest = search(inner, isIt);
    if (rest !== undefined) return [key, ...rest];
  }
  return undefined;
}

function valueAt(value: Json, path: ValueProblem['path']): Json {
  let current: Json | undefined = value;
  for (const part of path)
    current = Array.isArray(current)
      ? current[Number(part)]
      : isJsonObject(current)
        ? current[String(part)]
        : undefined;
  return current ?? null;
}
