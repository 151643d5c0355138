// A new run's inputs: given ones checked, missing ones asked for where there is somebody to ask.
import { RunbookError } from '../../errors.ts';
import type { JsonObject } from '../../json.ts';
import { resolveInputs } from '../../playbook/inputs.ts';
import type { Plan } from '../../playbook/plan.ts';
import type { Vault } from '../../run/vault.ts';
import type { App } from '../app.ts';
import type { Given } from './given-values.ts';
import { learnInputs, sealInputs } from './secret-inputs.ts';

/**
 * @param vault keeps the secret ones; handles stand for them in what is returned.
 * @throws E_INPUT_… with everything that is wrong.
 */
export async function resolveRunInputs(app: App, plan: Plan, given: Given, vault: Vault): Promise<JsonObject> {
  return sealInputs(vault, plan, await completeInputs(app, plan, given, vault));
}

async function completeInputs(app: App, plan: Plan, given: Given, vault: Vault): Promise<JsonObject> {
  learnInputs(vault, plan, given);
  const first = resolveInputs(plan, given);
  const isOnlyMissing = first.errors.length === first.missing.length;
  if (first.errors.length === 0) return first.inputs;
  if (!isOnlyMissing || !app.terminal.isInteractive || app.isJson) throw inputError(first.errors);
  const { askValue } = await import('../../ui/ask-value.ts');
  const asked: { [name: string]: Given[string] } = { ...given };
  const { signal } = new AbortController();
  for (const input of first.missing) {
    const value = await askValue({ name: input.name, schema: input.schema, isRequired: true, signal });
    if (value !== undefined) asked[input.name] = value;
  }
  learnInputs(vault, plan, asked);
  const second = resolveInputs(plan, asked);
  if (second.errors.length > 0) throw inputError(second.errors);
  return second.inputs;
}

function inputError(errors: readonly RunbookError[]): RunbookError {
  const [first] = errors;
  if (first && errors.length === 1) return first;
  return new RunbookError({
    code: 'E_INPUT_INVALID',
    message: `${errors.length} inputs are wrong\n${errors.map((error) => `  ${error.message}`).join('\n')}`,
    hint: 'runbook show PLAYBOOK says what it takes',
  });
}
