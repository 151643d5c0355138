// The one place where the values of secret fields come back: an action's `with`, resolved for the action alone. They go
// where the schemas say, never by looking for handles in text: somebody may call himself `[secret:inputs.token]`.
import { randomUUID } from 'node:crypto';
import { isJsonObject, type Json, type Schema } from '../json.ts';
import type { Plan, Scope, StepView, Template } from '../playbook/plan.ts';
import { handleName, holdsSecret, mapSecrets } from '../playbook/secret-fields.ts';
import { nodeAt, pathSeenFrom } from './paths.ts';
import type { People } from './people.ts';
import { type ScopePlace, type ScopeSource, scopeFor } from './scope.ts';
import type { Secrets } from './secrets.ts';
import type { Vault } from './vault.ts';

/** This process does not have these secrets, and nobody here gives them. */
export class SecretWanted extends Error {
  readonly secret: string;
  constructor(secret: string) {
    super(`the secret ${secret} is not known to this process`);
    this.secret = secret;
  }
}

export interface Revealing {
  readonly scope: ScopeSource;
  readonly vault: Vault;
  readonly people: Pick<People, 'secret'>;
  readonly secrets: Secrets;
  /** By handle: questions under way, so that steps that start together ask once. */
  readonly asking: Map<string, Promise<void>>;
}

/**
 * A template's value with the true values of `secrets` and of secret fields.
 * @throws SecretWanted where one is missing and nobody gives it; E_SECRET_…; whatever the template's expressions throw.
 */
export async function resolveRevealed(
  engine: Revealing,
  place: ScopePlace,
  template: Template,
  signal: AbortSignal,
): Promise<Json> {
  const secrets: Record<string, string> = {};
  for (const name of template.readsSecrets) secrets[name] = await engine.secrets.get(name);
  const scope = await scopeFor(engine.scope, place, template, { secrets });
  if (template.isConstant) return template.resolve(scope);
  while (true) {
    // What is missing is marked by a word nobody can know, which tells whether it is used at all.
    const missing = new Map<string, string>();
    const revealed = reveal(engine, place, scope, (handle) => {
      const value = engine.vault.get(handle);
      if (value !== undefined) return value;
      const word = randomUUID();
      missing.set(word, handle);
      return word;
    });
    const value = template.resolve(revealed);
    const text = missing.size === 0 ? '' : JSON.stringify(value);
    const wanted = new Set([...missing].flatMap(([word, handle]) => (text.includes(word) ? [handle] : [])));
    if (wanted.size === 0) return value;
    for (const handle of wanted) await ask(engine, place, handle, signal);
  }
}

function reveal(
  { scope: { plan } }: Revealing,
  place: ScopePlace,
  scope: Scope,
  textOf: (handle: string) => string,
): Scope {
  const unit = plan.units.get(place.unit);
  const inputs: { [name: string]: Json } = { ...scope.inputs };
  for (const { name, schema } of unit?.inputs ?? []) {
    const input = inputs[name];
    if (input !== undefined && holdsSecret(schema)) inputs[name] = mapSecrets(schema, input, textOf);
  }
  const steps: { [id: string]: StepView } = { ...scope.steps };
  for (const [id, view] of Object.entries(scope.steps)) {
    const schema = outputSchema(plan, unit?.paths.get(id));
    if (view.output === undefined || schema === undefined || !holdsSecret(schema)) continue;
    steps[id] = { ...view, output: mapSecrets(schema, view.output, textOf) };
  }
  return { ...scope, inputs, steps };
}

function outputSchema(plan: Plan, path: string | undefined): Schema | undefined {
  return path === undefined ? undefined : plan.nodes.get(path)?.output;
}

/** One at a time for each handle: who waits finds it answered, or asks in its turn. */
async function ask(engine: Revealing, place: ScopePlace, handle: string, signal: AbortSignal): Promise<void> {
  const before = engine.asking.get(handle);
  if (before !== undefined) {
    await before;
    return;
  }
  const asking = obtain(engine, place, handle, signal);
  const settled = asking.catch(() => undefined);
  engine.asking.set(handle, settled);
  try {
    await asking;
  } finally {
    engine.asking.delete(handle);
  }
}

/** What a called playbook was given follows from what its caller has; all else only a person knows. */
async function obtain(engine: Revealing, place: ScopePlace, handle: string, signal: AbortSignal): Promise<void> {
  const path = pathSeenFrom(place.path, place.unit);
  const call = place.unit === '' ? undefined : nodeAt(engine.scope.plan, path);
  const prefix = `${path}.inputs.`;
  const name = handleName(handle);
  if (call?.kind !== 'call' || !name.startsWith(prefix)) return askPerson(engine, place, handle, signal);
  const given = await resolveRevealed(engine, call, call.with, signal);
  const value = isJsonObject(given) ? given[name.slice(prefix.length)] : undefined;
  if (typeof value !== 'string') return askPerson(engine, place, handle, signal);
  engine.vault.put(handle, value);
}

async function askPerson(
  { people, vault, scope: { plan } }: Revealing,
  place: ScopePlace,
  handle: string,
  signal: AbortSignal,
): Promise<void> {
  const name = handleName(handle);
  const description = descriptionOf(plan, name);
  const request = { path: place.path, name, ...(description === undefined ? {} : { description }) };
  let answer: Awaited<ReturnType<People['secret']>>;
  try {
    answer = await people.secret(request, signal);
  } catch (error) {
    // The question was taken back.
    if (signal.aborted) throw new SecretWanted(name);
    throw error;
  }
  if (answer.kind === 'later' || signal.aborted) throw new SecretWanted(name);
  vault.put(handle, answer.value);
}

function descriptionOf(plan: Plan, name: string): string | undefined {
  return plan.inputs.find((input) => name === `inputs.${input.name}`)?.description;
}
