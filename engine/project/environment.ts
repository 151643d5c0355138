// The config as it holds in one environment: the project's own, with what the environment changes.
import { RunbookError } from '../errors.ts';
import { listed, nearest } from '../playbook/suggest.ts';
import type { RunRules } from '../run/rules.ts';
import type { Config } from './config.ts';
import { stricter } from './rules.ts';
import type { SecretReference } from './secret-reference.ts';

export interface Settings {
  /** '' where there is none. */
  readonly environment: string;
  readonly isProduction: boolean;
  readonly variables: { readonly [name: string]: string };
  readonly secrets: ReadonlyMap<string, SecretReference>;
  readonly rules: RunRules;
}

/**
 * @param wanted a name; '' for no environment, whatever the config says; undefined for the config's own choice.
 * @throws E_ENVIRONMENT_UNKNOWN
 */
export function settingsIn(config: Config, wanted: string | undefined): Settings {
  const name = wanted ?? config.environment ?? '';
  if (name === '') {
    const { secrets, rules } = config;
    return { environment: '', isProduction: false, variables: {}, secrets, rules };
  }
  const environment = config.environments.get(name);
  if (environment === undefined) throw unknown(name, [...config.environments.keys()]);
  return {
    environment: name,
    isProduction: environment.isProduction,
    variables: environment.variables,
    secrets: new Map([...config.secrets, ...environment.secrets]),
    rules: stricter(config.rules, environment.rules),
  };
}

function unknown(name: string, known: readonly string[]): RunbookError {
  const near = nearest(name, known);
  const hint =
    known.length === 0
      ? 'Name it under `environments` in runbook.config.yaml'
      : near === undefined
        ? `There are ${listed(known)}`
        : `Did you mean ${near}?`;
  return new RunbookError({ code: 'E_ENVIRONMENT_UNKNOWN', message: `There is no environment ${name}`, hint });
}
