// `retry --input k=v`: other inputs in the place of those that the playbook passes, read and checked by the action's schema.
import { RunbookError } from '../../errors.ts';
import { isJsonObject, type Json, type JsonObject } from '../../json.ts';
import { coerceText } from '../../playbook/coerce.ts';
import { propertiesOf, propertyOf } from '../../playbook/schema-shape.ts';
import { showsHandle } from '../../playbook/secret-fields.ts';
import { didYouMean, listed } from '../../playbook/suggest.ts';
import { createValueValidator, problemText } from '../../playbook/validate-value.ts';
import { nodeOf } from '../../run/undo-node.ts';
import type { App } from '../app.ts';
import { parsePairs, readValues } from './given-values.ts';
import type { OpenedRun } from './open-run.ts';

/** @returns undefined where none are given. @throws E_USAGE, E_STEP_KIND, E_INPUT_UNKNOWN, E_INPUT_INVALID, E_INPUT_SECRET */
export async function editedInputs(
  app: App,
  opened: OpenedRun,
  step: string,
  options: { readonly input?: readonly string[]; readonly inputs?: string },
): Promise<JsonObject | undefined> {
  const given = { ...(await readValues(options.inputs, app.cwd)), ...parsePairs(options.input ?? [], '--input') };
  if (Object.keys(given).length === 0) return undefined;
  const node = nodeOf(opened.plan, opened.state, step);
  const action = node?.kind === 'uses' ? opened.compiler.actions.get(node.uses) : undefined;
  if (action === undefined)
    throw new RunbookError({
      code: 'E_STEP_KIND',
      message: `${step === '' ? 'The run itself' : step} has no inputs of an action`,
      hint: 'Leave --input out',
    });
  const { input } = action;
  const validator = createValueValidator();
  const edited: { [name: string]: Json } = {};
  const problems: string[] = [];
  for (const [name, raw] of Object.entries(given)) {
    const schema = propertyOf(input, name);
    if (schema === undefined && input.additionalProperties === false)
      throw unknownInput(action.name, name, Object.keys(propertiesOf(input) ?? {}));
    if (isFromSecret(opened, step, name)) throw secretInput(step, name);
    const own = schema ?? {};
    edited[name] = typeof raw === 'string' ? coerceText(raw, own) : raw;
    problems.push(...validator.validate(own, edited[name]).map((problem) => problemText(problem, `\`${name}\``)));
  }
  if (problems.length === 0) return edited;
  throw new RunbookError({
    code: 'E_INPUT_INVALID',
    message: `${action.name} does not take these inputs\n${problems.map((problem) => `  ${problem}`).join('\n')}`,
    hint: `runbook actions show ${action.name} says what it takes`,
  });
}

function isFromSecret({ state }: OpenedRun, step: string, name: string): boolean {
  const shown = state.steps.get(step)?.lastInputs;
  const value = isJsonObject(shown) && Object.hasOwn(shown, name) ? shown[name] : undefined;
  return value !== undefined && showsHandle(value);
}

function secretInput(step: string, name: string): RunbookError {
  return new RunbookError({
    code: 'E_INPUT_SECRET',
    message: `${step} is given \`${name}\` from a secret, and what takes its place here would be recorded`,
    hint: 'Leave it out; to correct the secret itself, give it again where it comes from',
  });
}

function unknownInput(action: string, name: string, known: readonly string[]): RunbookError {
  return new RunbookError({
    code: 'E_INPUT_UNKNOWN',
    message: `The action ${action} has no input \`${name}\``,
    hint: didYouMean(name, known, `its inputs: ${listed(known)}`),
  });
}
