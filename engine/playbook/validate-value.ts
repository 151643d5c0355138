// Values against their JSON Schemas: an action's input and output, a run's inputs, a person's answers.
import type { Ajv2020 } from 'ajv/dist/2020.js';
import { messageOf, RunbookError } from '../errors.ts';
import { canonicalJson, type Schema } from '../json.ts';
import { createAjv, type ValidateFunction } from './ajv.ts';
import { findSchemaProblems } from './schema-problems.ts';
import { describeErrors, type ValueProblem } from './value-messages.ts';

export interface ValueValidator {
  /**
   * What is wrong with the value; empty where it fits. A schema is compiled once and kept as long as the schema is.
   * @throws RunbookError E_SCHEMA where the schema itself is not valid.
   */
  validate(schema: Schema, value: unknown): readonly ValueProblem[];
  /** What is wrong with the schema itself, by the keyword; empty where it is valid. */
  schemaProblems(schema: Schema): readonly ValueProblem[];
}

const MOST_KEPT = 1_000;

/** ajv is set up at the first use: loading and listing stay fast. */
export function createValueValidator(): ValueValidator {
  let ajv: Ajv2020 | undefined;
  const compiled = new WeakMap<Schema, ValidateFunction>();
  // Equal schemas of other playbooks: compiling one takes longer than checking a whole step.
  const byText = new Map<string, ValidateFunction>();
  const compile = (schema: Schema): ValidateFunction => {
    const known = compiled.get(schema);
    if (known !== undefined) return known;
    const text = canonicalJson(schema);
    const equal = byText.get(text);
    ajv ??= createAjv();
    const check = equal ?? ajv.compile(schema);
    compiled.set(schema, check);
    if (byText.size >= MOST_KEPT) byText.clear();
    byText.set(text, check);
    return check;
  };
  return {
    validate(schema, value) {
      let check: ValidateFunction;
      try {
        check = compile(schema);
      } catch (error) {
        throw new RunbookError({
          code: 'E_SCHEMA',
          message: `Not a valid JSON Schema: ${messageOf(error)}`,
          cause: error,
        });
      }
      return check(value) ? [] : describeErrors(check.errors ?? []);
    },
    schemaProblems(schema) {
      ajv ??= createAjv();
      return findSchemaProblems(ajv, schema, () => compile(schema));
    },
  };
}

/** One line that names the path and what was expected: `users[0]: must be text, not 5`. */
export function problemText(problem: ValueProblem, root = ''): string {
  const path = formatPath(problem.path, root);
  const text = path === '' ? problem.message : `${path}: ${problem.message}`;
  return problem.hint === undefined ? text : `${text} (${problem.hint})`;
}

export function formatPath(path: readonly (string | number)[], root = ''): string {
  return path.reduce<string>((text, part) => {
    if (typeof part === 'number') return `${text}[${part}]`;
    return text === '' ? part : `${text}.${part}`;
  }, root);
}

/** A schema of an input or a manual field without what is ours and not JSON Schema's (`required: false`). */
export function withoutOwnKeywords(schema: Schema): Schema {
  const { default: _default, required, ...rest } = schema;
  return Array.isArray(required) ? { ...rest, required } : rest;
}
