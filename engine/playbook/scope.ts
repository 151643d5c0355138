// What a playbook's expressions may read, and of which shape.
import type { JsonObject, Schema } from '../json.ts';
import { createEnvironments, type Environments } from './cel-environment.ts';
import { type CelType, DYN, TypePool } from './cel-types.ts';
import { objectSchema } from './schema-shape.ts';
import type { Reader, StepInfo } from './step-index.ts';

/** One for a playbook: called ones have their own. */
export interface PlaybookScope {
  /** Names that stand for themselves: `inputs`, `run`, …; undefined: anything (dyn). */
  readonly roots: ReadonlyMap<string, Schema | undefined>;
  readonly rootTypes: ReadonlyMap<string, CelType>;
  readonly steps: ReadonlyMap<string, StepInfo>;
  /** By id, those computed so far: filled in the order of the file. */
  readonly vars: Map<string, Schema>;
  /** All of the file. */
  readonly varNames: readonly string[];
  readonly pool: TypePool;
  readonly environments: Environments;
  /** What the contacts file holds, where that is known. */
  readonly contacts: JsonObject | undefined;
}

/** Whether a secret may stand in a place, and where not, why. */
export type SecretsRule =
  | { readonly isAllowed: true }
  | { readonly isAllowed: false; readonly message: string; readonly hint: string };

export const SECRETS_ALLOWED: SecretsRule = { isAllowed: true };
/** The rule everywhere but in `with`. */
export const SECRETS_ONLY_IN_WITH: SecretsRule = {
  isAllowed: false,
  message: 'A secret stands only in the `with` of an action',
  hint: 'pass it to the action that needs it, by `with`',
};

export type Locals = ReadonlyMap<string, Schema>;

/** In the `with` of an `undo`. */
export const NO_SECRETS_IN_UNDO: SecretsRule = {
  isAllowed: false,
  message: 'A secret cannot stand in `undo`: what it is given is written to the journal',
  hint: 'let the action read the secret it needs by itself',
};
/** In the `with` of a call. */
export const SECRETS_AS_SECRET_INPUTS: SecretsRule = {
  isAllowed: false,
  message:
    'A secret can be the input of a playbook only where that input is marked as secret: others are written to the journal',
  hint: 'mark the input `secret: true`, or let the playbook that is called name the secret under its own `requires.secrets`',
};

/** Where an expression stands. */
export interface Place {
  readonly reader: Reader;
  /** In `until` and `assert`: the schema of the step's own output. */
  readonly output?: Schema;
  /** Inside `forEach`: `item` and the names that `as` gives, by what they are. */
  readonly locals?: Locals;
  readonly secrets: SecretsRule;
  /** What is known to hold here, from the `when` of the step and of the groups around it. */
  readonly facts: ReadonlySet<string>;
}

export const RUN_SCHEMA: Schema = objectSchema({
  id: { type: 'string' },
  playbook: { type: 'string' },
  title: { type: 'string' },
  severity: { type: 'string', enum: ['P1', 'P2', 'P3', 'P4'] },
  operator: { type: 'string' },
  startedAt: { type: 'string', format: 'date-time' },
  isDrill: { type: 'boolean' },
  environment: { type: 'string' },
});

const STATUS: Schema = { type: 'string', enum: ['done', 'skipped', 'failed'] };
const ERROR: Schema = { type: 'object', additionalProperties: true };

export function createScope(options: {
  readonly inputs: Schema;
  readonly env: readonly string[];
  readonly secrets: readonly string[];
  readonly steps: ReadonlyMap<string, StepInfo>;
  readonly varNames?: readonly string[];
  readonly contacts?: JsonObject | undefined;
}): PlaybookScope {
  const pool = new TypePool();
  const strings = (names: readonly string[]): Schema =>
    objectSchema(Object.fromEntries(names.map((name) => [name, { type: 'string' }])));
  const roots = new Map<string, Schema | undefined>([
    ['inputs', options.inputs],
    ['run', RUN_SCHEMA],
    ['env', strings(options.env)],
    ['secrets', strings(options.secrets)],
    ['contacts', undefined],
  ]);
  const rootTypes = new Map([...roots].map(([name, schema]) => [name, schema === undefined ? DYN : pool.of(schema)]));
  return {
    roots,
    rootTypes,
    steps: options.steps,
    vars: new Map(),
    varNames: options.varNames ?? [],
    pool,
    contacts: options.contacts,
    environments: createEnvironments(rootTypes),
  };
}

const VIEWS = new WeakMap<Schema, Schema>();
const NO_OUTPUT: Schema = objectSchema({ status: STATUS, error: ERROR }, ['error']);

/** `steps.<id>` as a schema: its status, and what it may have. */
export function stepViewSchema(output: Schema | undefined): Schema {
  if (output === undefined) return NO_OUTPUT;
  const known = VIEWS.get(output);
  if (known !== undefined) return known;
  const view = objectSchema({ status: STATUS, output, error: ERROR }, ['output', 'error']);
  VIEWS.set(output, view);
  return view;
}
