// What this process must not store or print of a playbook's secrets, whoever types them: people paste keys into notes.
import type { Action } from '../action.ts';
import type { Plan } from '../playbook/plan.ts';
import type { LearningRedactor } from '../redact.ts';

type Env = { readonly [name: string]: string | undefined };

export interface SecretSources {
  readonly actions: ReadonlyMap<string, Action>;
  /** More than one in a drill: its world has secrets of its own, and the shell may hold the real ones. */
  readonly envs: readonly Env[];
}

/**
 * Tells the redactor the values, as far as these environments have them, of the secrets that the playbook names or its
 * actions read. Called before what people typed is read; a value that is not here is still known by its shape, where it
 * has one.
 */
export function learnSecrets(redactor: LearningRedactor, plan: Plan, { actions, envs }: SecretSources): void {
  for (const name of secretNames(plan, actions)) {
    for (const env of envs) {
      const value = env[name];
      if (value !== undefined) redactor.add(name, value);
    }
  }
}

function secretNames(plan: Plan, actions: ReadonlyMap<string, Action>): ReadonlySet<string> {
  const ofActions = [...plan.nodes.values()].flatMap((node) =>
    node.kind === 'uses' ? (actions.get(node.uses)?.secrets ?? []) : [],
  );
  return new Set([...plan.requires.secrets, ...ofActions]);
}
