// An action step's inputs: resolved twice where secrets stand in them, once for the action, once for the journal.
import { createHash } from 'node:crypto';
import type { Action } from '../action.ts';
import { RunbookError } from '../errors.ts';
import { canonicalJson, isJsonObject, type Json, type JsonObject, jsonEquals } from '../json.ts';
import type { ActionStep, Template } from '../playbook/plan.ts';
import { handleOf } from '../playbook/secret-fields.ts';
import { problemText, type ValueValidator } from '../playbook/validate-value.ts';
import { findRedactionMarker } from '../redact.ts';
import { type Revealing, resolveRevealed } from './reveal.ts';
import { type ScopePlace, type ScopeSource, scopeFor } from './scope.ts';

export interface ResolvedInputs {
  /** What the action gets. Never written anywhere. */
  readonly real: Json;
  /** The same with a handle for each secret: `[secret:NAME]`, `[secret:inputs.token]`. */
  readonly shown: Json;
  /** SHA-256 of action and shown inputs: what an approval binds to. */
  readonly digest: string;
}

/** @throws E_EXPRESSION, E_SECRET_MISSING, E_INPUT_REDACTED, E_ACTION_INPUT, SecretWanted */
export async function resolveStepInputs(
  engine: Revealing & { readonly validator: ValueValidator },
  node: ActionStep,
  action: Action,
  signal: AbortSignal,
): Promise<ResolvedInputs> {
  const edited = engine.scope.state.steps.get(node.path)?.editedInputs ?? {};
  const plain = await resolveShown(engine.scope, node, node.with);
  const shown = isJsonObject(plain) ? { ...plain, ...edited } : plain;
  const revealed = await resolveRevealed(engine, node, node.with, signal);
  let real = isJsonObject(revealed) ? { ...revealed, ...changedBy(edited, plain) } : revealed;
  const marker = findRedactionMarker(real);
  if (marker !== undefined) {
    throw new RunbookError({
      code: 'E_INPUT_REDACTED',
      message: `${node.path}: the input ${marker} holds a redacted value, which must not be used as if it were the value`,
      hint: 'The field it comes from looked like a secret: mark it `secret: true` where its schema is written, or name the secret under requires.secrets',
    });
  }
  real = withDefaults(action.input, real);
  const problems = engine.validator.validate(action.input, real).map((problem) => problemText(problem));
  if (problems.length > 0) {
    throw new RunbookError({
      code: 'E_ACTION_INPUT',
      message: `${node.path}: ${action.name} does not take these inputs: ${problems.join('; ')}`,
      hint: `runbook show prints what the step passes; the action's schema says what it takes`,
    });
  }
  return { real, shown, digest: digestOf({ uses: node.uses, inputs: shown }) };
}

/** As events may hold it: a handle stands for each secret. */
export async function resolveShown(source: ScopeSource, place: ScopePlace, template: Template): Promise<Json> {
  const secrets = Object.fromEntries(template.readsSecrets.map((name) => [name, handleOf(name)]));
  return template.resolve(await scopeFor(source, place, template, { secrets }));
}

/** An input that was edited and left as it was shown still means the secret in it, not the handle. */
function changedBy(edited: JsonObject, shown: Json): JsonObject {
  const before = isJsonObject(shown) ? shown : {};
  return Object.fromEntries(Object.entries(edited).filter(([name, value]) => !jsonEquals(before[name], value)));
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
