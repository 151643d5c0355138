// An object asked for property by property, or as JSON where its schema names none.
import { isJsonObject, type Json, type JsonObject, type Schema } from '../json.ts';
import { askValue } from './ask-value.ts';
import type { Asking } from './asking.ts';

export interface ObjectQuestion {
  /** What is asked for where it is asked for whole. */
  readonly name: string;
  readonly schema: Schema;
  /** What each property is proposed to be. */
  readonly default?: Json | undefined;
}

/** The properties that a schema names, each with its own; null where it is not that of an object with properties. */
export function propertiesOf(schema: Schema): ReadonlyMap<string, Schema> | null {
  if (!isJsonObject(schema.properties)) return null;
  const properties = Object.entries(schema.properties).map(
    ([name, property]) => [name, isJsonObject(property) ? property : {}] as const,
  );
  return properties.length === 0 ? null : new Map(properties);
}

/** A value by its schema; an optional property may be left out. It is not checked as a whole. */
export async function askByFields(question: ObjectQuestion, { signal, console }: Asking): Promise<Json> {
  const properties = propertiesOf(question.schema);
  if (properties === null) return askWhole(question, { signal, console });
  const required = Array.isArray(question.schema.required) ? question.schema.required : [];
  const proposed: JsonObject = isJsonObject(question.default) ? question.default : {};
  const given: { [name: string]: Json } = {};
  for (const [name, schema] of properties) {
    const value = await askValue({
      name,
      schema,
      isRequired: required.includes(name),
      default: proposed[name] ?? schema.default,
      signal,
      console,
    });
    if (value !== undefined) given[name] = value;
  }
  return given;
}

/** @param question its schema is not shown: what is typed is JSON */
export function askAsJson(question: ObjectQuestion, asking: Pick<Asking, 'signal' | 'console'>): Promise<Json> {
  return askWhole({ ...question, schema: {} }, asking);
}

async function askWhole(
  question: ObjectQuestion,
  { signal, console }: Pick<Asking, 'signal' | 'console'>,
): Promise<Json> {
  const { name, schema } = question;
  return (await askValue({ name, schema, isRequired: true, default: question.default, signal, console })) ?? null;
}
