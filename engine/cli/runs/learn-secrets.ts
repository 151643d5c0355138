// What this process must not store or print of a playbook's secrets, whoever types them: people paste keys into notes.
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Action } from '../../action.ts';
import { passwordsIn } from '../../database/address.ts';
import type { Plan } from '../../playbook/plan.ts';
import type { SecretReference } from '../../project/secret-reference.ts';
import type { LearningRedactor } from '../../redact.ts';
import { MAX_SECRET_BYTES, withoutLastNewline } from '../../run/secrets.ts';

type Env = { readonly [name: string]: string | undefined };

export interface SecretSources {
  readonly actions: ReadonlyMap<string, Action>;
  /** More than one in a drill: its world has secrets of its own, and the shell may hold the real ones. */
  readonly envs: readonly Env[];
  /** From the config; absent: every secret is the variable of its own name. */
  readonly references?: ReadonlyMap<string, SecretReference>;
  /** What files are relative to. */
  readonly root?: string | null;
}

/**
 * Tells the redactor the values, as far as these environments and the files of the references have them, of the secrets
 * that the playbook names or its actions read. Called before what people typed is read. No command is run for it: what one
 * would print is known once it is used, and until then by its shape, where it has one.
 */
export function learnSecrets(redactor: LearningRedactor, plan: Plan, sources: SecretSources): void {
  const learn = (name: string, value: string): void => {
    for (const one of [value, ...passwordsIn(value)]) redactor.add(name, one);
  };
  for (const name of secretNames(plan, sources.actions)) {
    const reference = sources.references?.get(name);
    // The variable of the secret's own name may hold it too, in a drill above all.
    const variables = reference?.kind === 'env' ? [name, reference.name] : [name];
    for (const env of sources.envs) {
      for (const variable of variables) {
        const value = env[variable];
        if (value !== undefined) learn(name, value);
      }
    }
    const value = reference?.kind === 'file' ? fileValue(resolve(sources.root ?? '.', reference.path)) : undefined;
    if (value !== undefined) learn(name, value);
  }
}

/** Whoever needs the secret says what is wrong with its file. */
function fileValue(path: string): string | undefined {
  try {
    const { size } = statSync(path);
    return size > MAX_SECRET_BYTES ? undefined : withoutLastNewline(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}

/** Those that the playbook names, and those that its actions read. */
export function secretNames(plan: Plan, actions: ReadonlyMap<string, Action>): ReadonlySet<string> {
  const ofActions = [...plan.nodes.values()].flatMap((node) =>
    node.kind === 'uses' ? (actions.get(node.uses)?.secrets ?? []) : [],
  );
  return new Set([...plan.requires.secrets, ...plan.requires.optionalSecrets, ...ofActions]);
}
