// The secrets of a project's settings, or of a drill's world; each is told to the redactor as it is read.
import { createSecrets, type Secrets, type SecretsOptions } from '../../run/secrets.ts';
import type { App } from '../app.ts';
import type { ProjectConfig } from '../project/load-config.ts';

export function openSecrets(
  { redactor }: Pick<App, 'redactor'>,
  { env, secrets: references, root }: Pick<ProjectConfig, 'env' | 'secrets' | 'root'>,
  more: Pick<SecretsOptions, 'next' | 'commandTimeoutMs'> = {},
): Secrets {
  return createSecrets({
    env,
    references,
    root,
    onResolved: (name, value) => redactor.add(name, value),
    redact: (text) => redactor.text(text),
    ...more,
  });
}
