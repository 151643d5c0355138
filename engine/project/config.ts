// runbook.config.yaml as data. Pure: its text and its schema come in.
import { isJsonObject, type JsonObject, type Schema } from '../json.ts';
import { type Collector, createCollector } from '../playbook/collector.ts';
import { objectAt, textAt, textsAt } from '../playbook/read.ts';
import type { Path, Source } from '../playbook/source.ts';
import { didYouMean, listed } from '../playbook/suggest.ts';
import { createRedactor } from '../redact.ts';
import type { RunRules } from '../run/rules.ts';
import { type CheckedFile, type Forms, type ProjectFile, readProjectFile, refuseInvalid } from './read-file.ts';
import { readRules } from './rules.ts';
import { parseSecretReference, type SecretReference } from './secret-reference.ts';

/** The team's own database. */
export interface DatabaseConfig {
  /** The secret that holds its URL. */
  readonly secret: string;
  /** Which table has the users, which the flags: as it is written. */
  readonly mapping: JsonObject;
}

export interface EnvironmentConfig {
  readonly isProduction: boolean;
  readonly variables: { readonly [name: string]: string };
  readonly secrets: ReadonlyMap<string, SecretReference>;
  /** In the place of the project's, whole. */
  readonly database?: DatabaseConfig;
  readonly rules: RunRules;
}

/** What actions call the secret with the database's URL. */
export const DATABASE_SECRET = 'DATABASE_URL';

/** Paths as they are written: relative to the file. */
export interface Config {
  readonly playbooks: readonly string[];
  readonly actions: readonly string[];
  readonly contacts?: string;
  readonly store?: string;
  /** The environment where nobody names one. */
  readonly environment?: string;
  readonly environments: ReadonlyMap<string, EnvironmentConfig>;
  readonly secrets: ReadonlyMap<string, SecretReference>;
  readonly database?: DatabaseConfig;
  readonly rules: RunRules;
  readonly strictActions: boolean;
}

/** @throws E_CONFIG_INVALID with everything that is wrong, each with its place. */
export function parseConfig(file: ProjectFile, schema: Schema): Config {
  const collector = createCollector();
  const checked = readProjectFile(file, { schema, forms: FORMS }, collector);
  if (checked) checkMeaning(checked, collector);
  refuseInvalid(file, { code: 'E_CONFIG_INVALID', what: 'The config', hidden: checked?.hidden ?? [] }, collector);
  return readConfig(checked?.value ?? {});
}

/** The config of a project that says nothing, and of no project at all. */
export const EMPTY_CONFIG: Config = readConfig({});

function readConfig(value: JsonObject): Config {
  const contacts = textAt(value, 'contacts');
  const store = textAt(value, 'store');
  const environment = textAt(value, 'environment');
  return {
    playbooks: foldersAt(value, 'playbooks'),
    actions: foldersAt(value, 'actions'),
    ...(contacts === undefined ? {} : { contacts }),
    ...(store === undefined ? {} : { store }),
    ...(environment === undefined ? {} : { environment }),
    environments: new Map(
      Object.entries(objectAt(value, 'environments') ?? {}).map(([name, one]) => [
        name,
        readEnvironment(isJsonObject(one) ? one : {}),
      ]),
    ),
    secrets: readSecrets(value),
    ...readDatabase(value),
    rules: readRules(value),
    strictActions: value.strictActions === true,
  };
}

function readEnvironment(value: JsonObject): EnvironmentConfig {
  const variables = Object.entries(objectAt(value, 'variables') ?? {}).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  return {
    isProduction: value.production === true,
    variables: Object.fromEntries(variables),
    secrets: readSecrets(value),
    ...readDatabase(value),
    rules: readRules(value),
  };
}

function foldersAt(value: JsonObject, key: 'playbooks' | 'actions'): readonly string[] {
  const folders = textsAt(value, key);
  return folders.length > 0 ? folders : [key];
}

function readSecrets(value: JsonObject): ReadonlyMap<string, SecretReference> {
  return new Map(
    Object.entries(objectAt(value, 'secrets') ?? {}).flatMap(([name, one]) => {
      const reference = parseSecretReference(one);
      return reference === undefined ? [] : [[name, reference] as const];
    }),
  );
}

function readDatabase(value: JsonObject): { readonly database?: DatabaseConfig } {
  const database = objectAt(value, 'database');
  if (database === undefined) return {};
  const { secret, ...mapping } = database;
  return { database: { secret: typeof secret === 'string' ? secret : DATABASE_SECRET, mapping } };
}

/** What a schema cannot say. */
function checkMeaning({ value, source }: CheckedFile, collector: Collector): void {
  if (source === undefined) return;
  const environments = objectAt(value, 'environments') ?? {};
  const chosen = textAt(value, 'environment');
  if (chosen !== undefined && !Object.hasOwn(environments, chosen)) {
    const names = Object.keys(environments);
    collector.error(
      source.locate(['environment']),
      'E_CONFIG_VALUE',
      `There is no environment \`${chosen}\``,
      didYouMean(chosen, names, names.length > 0 ? `there are ${listed(names)}` : 'name it under `environments`'),
    );
  }
  for (const name of Object.keys(environments)) {
    const variables = objectAt(objectAt(environments, name) ?? {}, 'variables') ?? {};
    checkVariables(variables, ['environments', name, 'variables'], source, collector);
  }
}

/** Variables reach the journal: a secret among them would, too. */
function checkVariables(variables: JsonObject, path: Path, source: Source, collector: Collector): void {
  const { text } = createRedactor();
  for (const [name, value] of Object.entries(variables)) {
    if (typeof value !== 'string' || text(value) === value) continue;
    collector.error(
      source.locateKey([...path, name]),
      'E_CONFIG_VALUE',
      `\`${name}\` looks like a secret, and variables are written to the journal`,
      'name where it comes from under `secrets`, and take it out of this file',
    );
  }
}

const CLERK_FIELDS =
  'primary_email, primary_phone, first_name, last_name, username, image_url, external_id, created_at, banned, locked, ' +
  'last_sign_in_at, public_metadata, private_metadata, unsafe_metadata';

const FORMS: Forms = {
  names: nameWords,
  text(path) {
    if (isSecret(path)) return '`env:NAME`, `file:PATH` or `{ command: [PROGRAM, ARGUMENT] }`, never the secret itself';
    switch (path.findLast((part) => typeof part === 'string')) {
      case 'emails':
        return 'an e-mail address';
      case 'domains':
        return 'a domain without `@`, such as `shop.example`';
      case 'secret':
        return 'a name that an environment variable can have: letters, digits and underscores';
      case 'table':
        return 'the name of a table, with its schema before a dot where it needs one';
      case 'metadata':
        return 'a path into metadata, such as `public.plan` or `private.crm.id`';
      case 'path':
        return 'names with dots between them, such as `publicMetadata.role`';
      default:
        return path.includes('fields') ? `the name of a Clerk field (${CLERK_FIELDS})` : undefined;
    }
  },
  isHidden: isSecret,
};

function isSecret(path: Path): boolean {
  return path.at(-2) === 'secrets' && (path.length === 2 || path[0] === 'environments');
}

function nameWords(path: Path): string | undefined {
  switch (path.at(-1)) {
    case 'environments':
      return 'a name for an environment: small letters, digits and dashes';
    case 'variables':
    case 'secrets':
      return 'a name that an environment variable can have: letters, digits and underscores';
    case 'limits':
      return 'a kind of target, such as `user`: small letters, digits, dashes and underscores';
    default:
      return undefined;
  }
}
