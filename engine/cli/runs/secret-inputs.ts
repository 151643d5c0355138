// Secret inputs on their way in: never by the command line, which every user of the machine can read, and never on as
// they are.
import { RunbookError } from '../../errors.ts';
import type { JsonObject } from '../../json.ts';
import type { Plan } from '../../playbook/plan.ts';
import { isSecret } from '../../playbook/secret-fields.ts';
import { createVault, learnNamed, sealNamed, type Vault } from '../../run/vault.ts';
import type { App } from '../app.ts';
import { type Given, parsePairs } from './given-values.ts';

/** What `--input` gives. @throws E_USAGE, E_INPUT_SECRET */
export function inputPairs({ inputs }: Pick<Plan, 'inputs'>, pairs: readonly string[] | undefined): Given {
  const given = parsePairs(pairs ?? [], '--input');
  for (const { name, schema } of inputs) {
    if (!isSecret(schema) || !Object.hasOwn(given, name)) continue;
    throw new RunbookError({
      code: 'E_INPUT_SECRET',
      message: `The input \`${name}\` is secret, and everybody on this machine can read a command line`,
      hint: `Leave it out and it is asked for at the terminal, or give it in a file: --inputs FILE`,
    });
  }
  return given;
}

/** For one process and one run. */
export function openVault({ redactor }: Pick<App, 'redactor'>): Vault {
  return createVault((name, value) => redactor.add(name, value));
}

/** Before anything is said of them. */
export function learnInputs(vault: Vault, { inputs }: Pick<Plan, 'inputs'>, given: Given): void {
  learnNamed(vault, inputs, given, 'inputs');
}

/** As the run's first event may hold them. */
export function sealInputs(vault: Vault, { inputs }: Pick<Plan, 'inputs'>, values: JsonObject): JsonObject {
  return sealNamed(vault, inputs, values, 'inputs');
}
