// The config as it holds in one environment: the project's own, with what the environment changes.
import { RunbookError } from '../errors.ts';
import type { JsonObject } from '../json.ts';
import { listed, nearest } from '../playbook/suggest.ts';
import type { RunRules } from '../run/rules.ts';
import { type Config, DATABASE_SECRET, type DatabaseConfig } from './config.ts';
import { stricter } from './rules.ts';
import type { SecretReference } from './secret-reference.ts';

export interface Settings {
  /** '' where there is none. */
  readonly environment: string;
  readonly isProduction: boolean;
  readonly variables: { readonly [name: string]: string };
  readonly secrets: ReadonlyMap<string, SecretReference>;
  /** What the config says of the team's own database; null where it says nothing. Its secret is DATABASE_URL in `secrets`. */
  readonly database: JsonObject | null;
  readonly rules: RunRules;
}

/**
 * @param wanted a name; '' for no environment, whatever the config says; undefined for the config's own choice.
 * @throws E_ENVIRONMENT_UNKNOWN
 */
export function settingsIn(config: Config, wanted: string | undefined): Settings {
  const name = wanted ?? config.environment ?? '';
  if (name === '') {
    const { rules, database } = config;
    const secrets = withDatabase(config.secrets, database);
    return { environment: '', isProduction: false, variables: {}, secrets, database: database?.mapping ?? null, rules };
  }
  const environment = config.environments.get(name);
  if (environment === undefined) throw unknown(name, [...config.environments.keys()]);
  const database = environment.database ?? config.database;
  return {
    environment: name,
    isProduction: environment.isProduction,
    variables: environment.variables,
    secrets: withDatabase(new Map([...config.secrets, ...environment.secrets]), database),
    database: database?.mapping ?? null,
    rules: stricter(config.rules, environment.rules),
  };
}

/** Actions know the database's URL by one name: where the config names another secret, it is that one. */
function withDatabase(secrets: Settings['secrets'], database: DatabaseConfig | undefined): Settings['secrets'] {
  if (database === undefined || database.secret === DATABASE_SECRET) return secrets;
  const reference = secrets.get(database.secret) ?? { kind: 'env', name: database.secret };
  return new Map([...secrets, [DATABASE_SECRET, reference]]);
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
