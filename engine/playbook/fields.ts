// A person's answers to a manual step: the same coercion and errors as for inputs.
import { RunbookError } from '../errors.ts';
import type { Json, JsonObject } from '../json.ts';
import { coerceText } from './coerce.ts';
import type { ManualField, ManualStep, Scope } from './plan.ts';
import { didYouMean, listed } from './suggest.ts';
import { createValueValidator, problemText, type ValueValidator } from './validate-value.ts';

export interface ValidatedFields {
  /** The step's output, where `errors` is empty. */
  readonly values: JsonObject;
  readonly missing: readonly ManualField[];
  /** E_FIELD_MISSING, E_FIELD_UNKNOWN, E_FIELD_INVALID. */
  readonly errors: readonly RunbookError[];
}
export interface FieldsOptions {
  readonly step: ManualStep;
  readonly given: { readonly [name: string]: Json };
  /** The defaults offered; used where an answer was not given. See `fieldDefaults`. */
  readonly defaults: JsonObject;
  readonly validator?: ValueValidator;
}

/**
 * The step's defaults, resolved.
 * @throws RunbookError E_EXPRESSION where a `dyn` value does not fit.
 */
export function fieldDefaults(step: ManualStep, scope: Scope): JsonObject {
  const offered = step.fields.flatMap((field) =>
    field.default === undefined ? [] : [[field.name, field.default.resolve(scope)] as const],
  );
  return Object.fromEntries(offered);
}

export function validateFields({
  step,
  given,
  defaults,
  validator = createValueValidator(),
}: FieldsOptions): ValidatedFields {
  const values: { [name: string]: Json } = {};
  const missing: ManualField[] = [];
  const errors: RunbookError[] = [];
  for (const field of step.fields) {
    const raw = Object.hasOwn(given, field.name) ? given[field.name] : defaults[field.name];
    if (raw === undefined) {
      if (!field.required) continue;
      missing.push(field);
      errors.push(missingError(step, field));
      continue;
    }
    const value = typeof raw === 'string' ? coerceText(raw, field.schema) : raw;
    const problems = validator.validate(field.schema, value);
    if (problems.length === 0) values[field.name] = value;
    for (const problem of problems) {
      const message = `Field ${problemText(problem, `\`${field.name}\``)}, in step \`${step.path}\``;
      errors.push(new RunbookError({ code: 'E_FIELD_INVALID', message, hint: descriptionOf(field) }));
    }
  }
  const known = step.fields.map((field) => field.name);
  for (const name of Object.keys(given).filter((one) => !known.includes(one))) {
    const hint = didYouMean(name, known, known.length === 0 ? 'it asks for none' : `its fields: ${listed(known)}`);
    errors.push(
      new RunbookError({ code: 'E_FIELD_UNKNOWN', message: `Step \`${step.path}\` has no field \`${name}\``, hint }),
    );
  }
  return { values, missing, errors };
}

function missingError(step: ManualStep, field: ManualField): RunbookError {
  const description = descriptionOf(field);
  const what = description === undefined ? '' : `: ${description}`;
  return new RunbookError({
    code: 'E_FIELD_MISSING',
    message: `Field \`${field.name}\` of step \`${step.path}\` is missing${what}`,
  });
}

function descriptionOf({ schema }: ManualField): string | undefined {
  return typeof schema.description === 'string' ? schema.description : undefined;
}
