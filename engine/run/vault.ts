// The values of secret fields, in the memory of the process that works on the run, and nowhere else.
import type { Json, JsonObject, Schema } from '../json.ts';
import { handleName, handleOf, isSecret, sealValue } from '../playbook/secret-fields.ts';

export interface Vault {
  /** Undefined: this process was never given it. */
  get(handle: string): string | undefined;
  put(handle: string, value: string): void;
  /** Only for the redactor: a value that may yet be refused. */
  learn(name: string, value: string): void;
}

/** @param onSealed told every value before it is kept: the redactor's `add`. */
export function createVault(onSealed: (name: string, value: string) => void): Vault {
  const values = new Map<string, string>();
  return {
    get: (handle) => values.get(handle),
    put(handle, value) {
      onSealed(handleName(handle), value);
      values.set(handle, value);
    },
    learn: onSealed,
  };
}

/** The value as events may hold it; what was secret in it is in the vault. */
export function seal(vault: Vault, schema: Schema, value: Json, prefix: string): Json {
  const { sealed, values } = sealValue(schema, value, prefix);
  for (const [handle, secret] of values) vault.put(handle, secret);
  return sealed;
}

type Named = { readonly name: string; readonly schema: Schema };

/** The same of inputs or fields, by name. */
export function sealNamed(vault: Vault, named: readonly Named[], values: JsonObject, prefix: string): JsonObject {
  const sealed: { [name: string]: Json } = { ...values };
  for (const { name, schema } of named) {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value !== undefined) sealed[name] = seal(vault, schema, value, `${prefix}.${name}`);
  }
  return sealed;
}

/** Before anything says what is wrong with them: it may quote them. */
export function learnNamed(
  vault: Pick<Vault, 'learn'>,
  named: readonly Named[],
  given: { readonly [name: string]: unknown },
  prefix: string,
): void {
  for (const { name, schema } of named) {
    const value = Object.hasOwn(given, name) ? given[name] : undefined;
    if (isSecret(schema) && typeof value === 'string') vault.learn(handleName(handleOf(`${prefix}.${name}`)), value);
  }
}
