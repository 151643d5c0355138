// An action step's inputs: resolved twice where secrets stand in them, once for the action, once for the journal.
import { createHash } from 'node:crypto';
import type { Action } from '../action.ts';
import { RunbookError } from '../errors.ts';
import { canonicalJson, isJsonObject, type Json } from '../json.ts';
import type { ActionStep } from '../playbook/plan.ts';
import { problemText, type ValueValidator } from '../playbook/validate-value.ts';
import { findRedactionMarker } from '../redact.ts';
import { type ScopeSource, scopeFor } from './scope.ts';
import type { Secrets } from './secrets.ts';

export interface ResolvedInputs {
  /** What the action gets. Never written anywhere. */
  readonly real: Json;
  /** The same with each secret as `[secret:NAME]`. */
  readonly shown: Json;
  /** SHA-256 of action and shown inputs: what an approval binds to. */
  readonly digest: string;
}

/** @throws E_EXPRESSION, E_SECRET_MISSING, E_INPUT_REDACTED, E_ACTION_INPUT */
export async function resolveStepInputs(
  source: ScopeSource,
  node: ActionStep,
  action: Action,
  deps: { readonly secrets: Secrets; readonly validator: ValueValidator },
): Promise<ResolvedInputs> {
  const names = node.with.readsSecrets;
  const scope = await scopeFor(source, node.with);
  const shown = node.with.resolve({
    ...scope,
    secrets: Object.fromEntries(names.map((name) => [name, `[secret:${name}]`])),
  });
  let real = shown;
  if (names.length > 0) {
    const values: Record<string, string> = {};
    for (const name of names) values[name] = await deps.secrets.get(name);
    real = node.with.resolve({ ...scope, secrets: values });
  }
  const marker = findRedactionMarker(real);
  if (marker !== undefined) {
    throw new RunbookError({
      code: 'E_INPUT_REDACTED',
      message: `${node.path}: the input ${marker} holds a redacted value, which must not be used as if it were the value`,
      hint: 'The field it comes from looked like a secret. Name it under requires.secrets and pass ${{ secrets.NAME }}',
    });
  }
  real = withDefaults(action.input, real);
  const problems = deps.validator.validate(action.input, real).map((problem) => problemText(problem));
  if (problems.length > 0) {
    throw new RunbookError({
      code: 'E_ACTION_INPUT',
      message: `${node.path}: ${action.name} does not take these inputs: ${problems.join('; ')}`,
      hint: `runbook show prints what the step passes; the action's schema says what it takes`,
    });
  }
  return { real, shown, digest: digestOf({ uses: node.uses, inputs: shown }) };
}

/** The value with what its schema says of absent properties, nested objects included. */
function withDefaults(schema: Json | undefined, value: Json): Json {
  if (!isJsonObject(schema) || !isJsonObject(schema.properties) || !isJsonObject(value)) return value;
  const completed: { [name: string]: Json } = { ...value };
  for (const [name, property] of Object.entries(schema.properties)) {
    const given = completed[name] ?? (isJsonObject(property) ? property.default : undefined);
    if (given !== undefined) completed[name] = withDefaults(property, given);
  }
  return completed;
}

export function digestOf(value: Json): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}
