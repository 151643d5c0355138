// A run's inputs: what was given, coerced and validated, with defaults filled in.
import { RunbookError } from '../errors.ts';
import type { Json, JsonObject } from '../json.ts';
import { coerceText } from './coerce.ts';
import type { Plan, PlanInput } from './plan.ts';
import { isSecret } from './secret-fields.ts';
import { didYouMean, listed } from './suggest.ts';
import { createValueValidator, problemText, type ValueValidator } from './validate-value.ts';

export interface ResolvedInputs {
  readonly inputs: JsonObject;
  /** Inputs that must be given and were not; the caller may ask for them. */
  readonly missing: readonly PlanInput[];
  /** Everything wrong: E_INPUT_MISSING, E_INPUT_UNKNOWN, E_INPUT_INVALID. Empty: `inputs` is whole and fits. */
  readonly errors: readonly RunbookError[];
}

/**
 * @param given by name; text is coerced by the input's schema (`users=user_a,user_b`), other values are taken as they are.
 */
export function resolveInputs(
  plan: Pick<Plan, 'name' | 'inputs'>,
  given: { readonly [name: string]: Json },
  validator: ValueValidator = createValueValidator(),
): ResolvedInputs {
  const inputs: { [name: string]: Json } = {};
  const missing: PlanInput[] = [];
  const errors: RunbookError[] = [];
  for (const input of plan.inputs) {
    const raw = Object.hasOwn(given, input.name) ? given[input.name] : undefined;
    if (raw === undefined) {
      if (input.default !== undefined) inputs[input.name] = input.default;
      else if (input.required) {
        missing.push(input);
        errors.push(missingError(input));
      }
      continue;
    }
    const value = typeof raw === 'string' ? coerceText(raw, input.schema) : raw;
    const problems = validator.validate(input.schema, value);
    if (problems.length === 0) inputs[input.name] = value;
    for (const problem of problems) {
      const message = `Input ${problemText(problem, `\`${input.name}\``)}`;
      errors.push(new RunbookError({ code: 'E_INPUT_INVALID', message, hint: input.description }));
    }
  }
  const known = plan.inputs.map((input) => input.name);
  for (const name of Object.keys(given).filter((one) => !known.includes(one))) {
    const hint = didYouMean(name, known, known.length === 0 ? 'it takes none' : `its inputs: ${listed(known)}`);
    errors.push(
      new RunbookError({
        code: 'E_INPUT_UNKNOWN',
        message: `The playbook ${plan.name} has no input \`${name}\``,
        hint,
      }),
    );
  }
  return { inputs, missing, errors };
}

function missingError(input: PlanInput): RunbookError {
  const what = input.description === undefined ? '' : `: ${input.description}`;
  return new RunbookError({
    code: 'E_INPUT_MISSING',
    message: `Input \`${input.name}\` is missing${what}`,
    hint: isSecret(input.schema)
      ? 'it is secret: it is asked for at a terminal, or give it in a file, --inputs FILE'
      : `give it: --input ${input.name}=…`,
  });
}
