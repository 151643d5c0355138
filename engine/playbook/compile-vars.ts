// `vars` and `outputs`: values by id, before the first step and after the last.
import type { JsonObject, Schema } from '../json.ts';
import { compileValue, type ExpressionContext } from './compile-expressions.ts';
import { schemaOfTemplate } from './derived-schema.ts';
import { NO_FACTS } from './facts.ts';
import { checkId } from './names.ts';
import type { NamedTemplate } from './plan.ts';
import { SECRETS_ONLY_IN_WITH } from './scope.ts';

export interface NamedValues {
  readonly templates: readonly NamedTemplate[];
  /** What each of them is; `{}` where it does not check. */
  readonly schemas: { readonly [id: string]: Schema };
}

/** Fills `scope.vars` one by one: each sees those before it. */
export function compileVars(written: JsonObject, context: ExpressionContext): NamedValues {
  return compileNamed(written, { key: 'vars', what: 'var', reader: 'start' }, context, (id, schema) =>
    context.scope.vars.set(id, schema),
  );
}

export function compileOutputs(written: JsonObject, context: ExpressionContext): NamedValues {
  return compileNamed(written, { key: 'outputs', what: 'output', reader: 'end' }, context, () => {});
}

function compileNamed(
  written: JsonObject,
  { key, what, reader }: { readonly key: string; readonly what: string; readonly reader: 'start' | 'end' },
  context: ExpressionContext,
  add: (id: string, schema: Schema) => void,
): NamedValues {
  const templates: NamedTemplate[] = [];
  const schemas: [string, Schema][] = [];
  const place = { reader, secrets: SECRETS_ONLY_IN_WITH, facts: NO_FACTS };
  for (const [name, value] of Object.entries(written)) {
    const path = [key, name];
    checkId(name, what, context.source.locateKey(path), context.collector);
    const template = compileValue(value, path, place, context);
    const schema = template === undefined ? {} : schemaOfTemplate(template, context.scope.pool);
    schemas.push([name, schema]);
    add(name, schema);
    if (template !== undefined) templates.push({ name, value: template });
  }
  return { templates, schemas: Object.fromEntries(schemas) };
}
