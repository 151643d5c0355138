// The schemas a playbook brings itself: its inputs, and the fields of manual steps.
import { canonicalJson, isJsonObject, type Json, type JsonObject, type Schema } from '../json.ts';
import { CATASTROPHIC, catastrophicPatterns } from './catastrophic-patterns.ts';
import type { Collector } from './collector.ts';
import { checkId } from './names.ts';
import type { PlanInput } from './plan.ts';
import { findMarks, objectSchema } from './schema-shape.ts';
import type { Path, Source } from './source.ts';
import { hasExpression } from './template-scan.ts';
import { formatPath, type ValueValidator, withoutOwnKeywords } from './validate-value.ts';

export interface OwnSchema {
  readonly name: string;
  /** Without `default` and `required: false`, which are ours. */
  readonly schema: Schema;
  readonly default: Json | undefined;
  /** False only where it may stay empty: `required: false` and no default. */
  readonly isPresent: boolean;
  readonly path: Path;
}

/** Reads a map of schemas and checks each of them. What is wrong with one is reported, and it counts as "anything". */
export function readOwnSchemas(
  map: JsonObject | undefined,
  options: {
    readonly what: string;
    readonly path: Path;
    readonly source: Source;
    readonly collector: Collector;
    readonly validator: ValueValidator;
    readonly shared: Map<string, Schema>;
  },
): OwnSchema[] {
  const { what, path: root, source, collector, validator, shared } = options;
  return Object.entries(map ?? {}).map(([name, written]) => {
    const path = [...root, name];
    checkId(name, what, source.locateKey(path), collector);
    const own = isJsonObject(written) ? written : {};
    checkSecretMarks(own, { what, name, path, source, collector });
    const bare = withoutOwnKeywords(own);
    const text = canonicalJson(bare);
    // Equal schemas are one object, compiled once.
    const schema = shared.get(text) ?? bare;
    shared.set(text, schema);
    const problems = validator.schemaProblems(schema);
    for (const problem of problems) {
      const at = [...path, ...problem.path];
      const keyword = formatPath(problem.path);
      collector.error(
        problem.path.length === 0 || problem.keyword === 'unknown' ? source.locateKey(at) : source.locate(at),
        'E_PLAYBOOK_BAD_SCHEMA',
        `The ${what} \`${name}\` is no valid JSON Schema: ${keyword === '' ? '' : `\`${keyword}\` `}${problem.message}`,
        problem.hint,
      );
    }
    const slow = problems.length > 0 ? [] : catastrophicPatterns(schema);
    for (const pattern of slow)
      collector.error(source.locate([...path, ...pattern]), 'E_PLAYBOOK_PATTERN', ...CATASTROPHIC);
    const isUsable = problems.length === 0 && slow.length === 0;
    return {
      name,
      schema: isUsable ? schema : {},
      default: own.default,
      isPresent: own.default !== undefined || own.required !== false,
      path,
    };
  });
}

/** A secret is given whole, as text, and by somebody: its value stands in no file. */
function checkSecretMarks(
  schema: Schema,
  at: {
    readonly what: string;
    readonly name: string;
    readonly path: Path;
    readonly source: Source;
    readonly collector: Collector;
  },
): void {
  const named = `The ${at.what} \`${at.name}\``;
  const report = (path: Path, message: string, hint: string): void =>
    at.collector.error(at.source.locateKey([...at.path, ...path]), 'E_PLAYBOOK_SECRET', message, hint);
  for (const mark of findMarks(schema, 'secret')) {
    if (mark.length > 1)
      report(
        mark,
        `${named} is secret in a part of it`,
        `only a whole ${at.what} can be secret: give the part its own`,
      );
    else if (schema.type !== 'string') report(mark, `${named} is secret, so it must be text`, 'write `type: string`');
    else if (schema.default !== undefined)
      report(
        ['default'],
        `${named} is secret, and its default stands in the playbook for all to read`,
        'remove the default',
      );
  }
}

/** Reports a default that its own schema refuses. */
export function checkDefault(own: OwnSchema, source: Source, collector: Collector, validator: ValueValidator): void {
  if (own.default === undefined) return;
  for (const problem of validator.validate(own.schema, own.default)) {
    const name = formatPath(problem.path, 'default');
    collector.error(
      source.locate([...own.path, 'default', ...problem.path]),
      'E_PLAYBOOK_DEFAULT',
      `\`${name}\` ${problem.message}`,
      problem.hint,
    );
  }
}

/** Inputs are given before anything runs: their defaults are plain values. */
export function checkInputDefault(
  own: OwnSchema,
  source: Source,
  collector: Collector,
  validator: ValueValidator,
): void {
  if (typeof own.default === 'string' && hasExpression(own.default)) {
    collector.error(
      source.locate([...own.path, 'default']),
      'E_PLAYBOOK_DEFAULT',
      'The default of an input is a plain value',
      'expressions can stand in the steps that use it',
    );
    return;
  }
  checkDefault(own, source, collector, validator);
}

export function toPlanInput(own: OwnSchema): PlanInput {
  const { description } = own.schema;
  return {
    name: own.name,
    schema: own.schema,
    required: own.isPresent && own.default === undefined,
    ...(own.default === undefined ? {} : { default: own.default }),
    ...(typeof description === 'string' ? { description } : {}),
  };
}

/** The object that expressions read: `inputs`, or a manual step's output. */
export function objectOf(schemas: readonly OwnSchema[]): Schema {
  const properties = Object.fromEntries(schemas.map((own) => [own.name, own.schema]));
  const optional = schemas.filter((own) => !own.isPresent).map((own) => own.name);
  return objectSchema(properties, optional);
}
