// Secrets as named references, resolved when used and never stored. Every value resolved is told to the redactor
// before anybody can print it.
import { RunbookError } from '../errors.ts';

export interface Secrets {
  /** @throws E_SECRET_MISSING with how to provide it. */
  get(name: string): Promise<string>;
}

export interface SecretsOptions {
  readonly env: { readonly [name: string]: string | undefined };
  /** Told every value before it is handed out. */
  readonly onResolved: (name: string, value: string) => void;
}

/** A name that no config maps is `env:` of its own name. */
export function createSecrets(options: SecretsOptions): Secrets {
  return {
    async get(name) {
      const value = options.env[name];
      if (value === undefined || value === '') {
        throw new RunbookError({
          code: 'E_SECRET_MISSING',
          message: `The secret ${name} is not set`,
          hint: `Set the environment variable ${name}, then resume`,
        });
      }
      options.onResolved(name, value);
      return value;
    },
  };
}
