// What an action author imports, and all of it: `import { defineAction } from 'runbook/action'`.
// The engine's side of the context lives in run/; this file must not import it.

import type { Readable, Writable } from 'node:stream';
import type { FromSchema, JSONSchema } from 'json-schema-to-ts';
import type { Kysely } from 'kysely';
import type { Json, JsonObject } from './json.ts';

export { messageOf, RunbookError } from './errors.ts';
export type { Json, JsonObject } from './json.ts';
export { isJsonObject } from './json.ts';
export { slowDigest } from './slow-digest.ts';

/** A thing on the outside that a change acts on. Limits and protection of the owner hold for it too. */
export interface Target {
  readonly kind: string;
  readonly id: string;
  readonly owner?: Target;
  /** The state before, where the action read it anyway; else the family's reader is asked. */
  readonly before?: JsonObject;
  /**
   * What the action has read of it: protects it where a rule matches. It clears only what has an owner, who is judged
   * too, and never a user or a kind that the rules name; anything else is judged by the family's reader.
   */
  readonly attributes?: JsonObject;
}

/** The action that takes a change back. For `changes`, `each` names the input that takes the list of ids. */
export interface Undo {
  readonly uses: string;
  readonly with?: JsonObject;
  readonly each?: string;
}

/**
 * How a change ended. `already`: it was so before us (never undone, not counted). `failed`: known not to have
 * happened. `unknown`: the answer was lost; it may have happened.
 */
export type Outcome = 'done' | 'already' | 'planned' | 'protected' | 'skipped' | 'failed' | 'unknown';

export interface ChangeResult {
  readonly kind: string;
  readonly id: string;
  readonly owner?: Target;
  readonly verb: string;
  readonly outcome: Outcome;
  readonly before?: JsonObject;
  readonly after?: JsonObject;
  readonly error?: string;
  /** Free numbers an action counts by, e.g. how many sessions a ban ended. */
  readonly detail?: JsonObject;
}

export interface ChangeSpec {
  readonly kind: string;
  readonly id: string;
  readonly owner?: Target;
  readonly verb: string;
  /** Tells two changes of the same verb on the same target within one step apart. */
  readonly key?: string;
  readonly before?: JsonObject;
  readonly attributes?: JsonObject;
  readonly after: JsonObject;
  readonly undo?: Undo;
  /** May it be sent again where its answer was lost? As the action says if absent. */
  readonly idempotent?: boolean;
}
export interface ChangesSpec {
  readonly kind: string;
  readonly verb: string;
  readonly key?: string;
  readonly after: JsonObject;
  readonly targets: readonly Omit<Target, 'kind'>[];
  /** Targets a call of the callback takes; 1 if absent. */
  readonly batch?: number;
  /** Calls under way at once; 1 if absent. */
  readonly concurrency?: number;
  readonly undo?: Undo;
  /** May they be sent again where an answer was lost? As the action says if absent. */
  readonly idempotent?: boolean;
}
/** Whom an action is going to work through, one by one, before its first call. */
export interface ExpectSpec {
  readonly kind: string;
  readonly ids: readonly string[];
  /** What will be done, as a plan says it: `revoke sessions of`. `touch` if absent. */
  readonly verb?: string;
}
/** What a bulk callback may answer for targets that did not go like the rest of their batch. */
export interface TargetAnswer {
  readonly outcome?: 'done' | 'failed' | 'unknown' | 'already';
  readonly error?: string;
  /**
   * Free facts of this one target. Where the family's reader gives a field of the same name among the state, an undo
   * restores only what still has that value: the id that the outside gave to a row of ours, say.
   */
  readonly detail?: JsonObject;
}

export interface ActionContext {
  /** Aborted at pause, time-out and loss of the lease. Pass it on. */
  readonly signal: AbortSignal;
  /** True in plan mode and for an approval's plan: changes are recorded as `planned`, no callback runs. */
  readonly planning: boolean;
  /** What this step does to the outside: the action's own effect or, where that is `playbook`, what the step says. */
  readonly effect: Effect;
  /** What the step says it acts on, resolved; only where the action's effect is `playbook`. */
  readonly target?: { readonly kind: string; readonly id: string };
  readonly run: {
    readonly id: string;
    readonly playbook: string;
    readonly step: string;
    readonly attempt: number;
    /** Of `until`, from 0: each round has changes of its own. */
    readonly round: number;
    /** How often what this step changed was taken back and the step run again since. */
    readonly redo: number;
    readonly isDrill: boolean;
    readonly startedAt: string;
  };
  /**
   * One effect on the outside. Durable before the callback runs: the intent with the earlier state; when it
   * resolves: the outcome. A callback that throws does not reject this call: read the outcome.
   * @throws Paused where a person must decide first.
   */
  change(spec: ChangeSpec, perform: (signal: AbortSignal) => Promise<unknown>): Promise<ChangeResult>;
  /**
   * The same for many targets, in batches. Targets recorded as done by an earlier attempt are not sent again.
   * Recorded as done with another `after` it is another change, and is sent: give the same wish the same `after`.
   * @returns one result a target, in the order given, then those an earlier attempt left without an outcome.
   */
  changes(
    spec: ChangesSpec,
    perform: (
      chunk: readonly Omit<Target, 'kind'>[],
      signal: AbortSignal,
    ) => Promise<ReadonlyMap<string, TargetAnswer> | undefined>,
  ): Promise<readonly ChangeResult[]>;
  /**
   * For an action that works through owners one by one (the sessions of users) and so cannot give `changes` all its
   * targets at once: called first, with all owners, it counts them against the run's limits, refuses those that are
   * protected, and gives a plan its targets before anything is sent.
   * @returns the ids that may be touched, once each, in the order given; the others are recorded as `protected`.
   * @throws Paused where a person must decide first.
   */
  expect(spec: ExpectSpec): Promise<readonly string[]>;
  /** This step's changes over all attempts. Count outputs from it. */
  ledger(): readonly ChangeResult[];
  /**
   * A file of evidence: kept with the run, with its SHA-256 in the report, and given back by `runbook evidence`. It is durable,
   * and there for anybody, when the stream has ended; the same name in a later attempt of the step takes its place. What is
   * no text is stored while it is written and needs no memory; text is redacted as a whole, and has 100 MB at most. A plan
   * keeps nothing.
   * @throws E_ARTIFACT_NAME; the stream fails with E_ARTIFACT_SIZE.
   */
  artifact(name: string, options?: ArtifactOptions): ArtifactStream;
  /**
   * The bytes of a file that a step of this run kept, at most a megabyte in memory.
   * @param step its path, such as `contain/export`; this very step if absent.
   * @throws through the stream E_ARTIFACT_UNKNOWN, E_BLOB_CORRUPT.
   */
  readArtifact(name: string, step?: string): Readable;
  /**
   * How far a long reading has got, so that a retry and a resume go on from there. Anew after an undo, with other inputs, and
   * in each round of `until`.
   */
  readonly checkpoint: Checkpoint;
  /**
   * A text from templates/NAME.hbs, the project's or else the engine's; a run that has begun keeps to the text it pinned.
   * Texts among the data are escaped by the name's ending (`notify/start-users.txt`: txt, md, html, json, mrkdwn), and secrets
   * among them are hidden as in the journal.
   * @throws E_TEMPLATE_UNKNOWN, E_TEMPLATE_INVALID; E_TEMPLATE_FIELD where it reads what it is not given.
   */
  template(name: string, data: JsonObject): Promise<string>;
  /** Progress for the screen; rides along with the next commit. */
  progress(done: number, total?: number, unit?: string): void;
  log(text: string): void;
  /** Values of the secrets the action declares. @throws E_SECRET_UNKNOWN for one it does not. */
  secret(name: string): Promise<string>;
  /**
   * The team's own database, whose URL is that secret, DATABASE_URL if absent: postgres://, mysql://, mariadb://, sqlite:PATH
   * or file:PATH. The action declares the secret. Connections are closed when the attempt ends.
   * @throws E_SECRET_UNKNOWN, E_SECRET_MISSING, E_DB_URL, E_DB_DRILL. Whatever is wrong with the database itself, its first
   * transaction says.
   */
  db(secret?: string): Promise<Database>;
  readonly env: { readonly [name: string]: string | undefined };
  /** fetch with the step's signal and a time limit; outside a change only reads leave. */
  readonly fetch: typeof fetch;
  /** A process, argument array, no shell. Outside a change only where the action declares that it reads. */
  exec(file: string, args: readonly string[], options?: ExecOptions): Promise<ExecResult>;
  /** Waits; rejects when the signal aborts. */
  sleep(ms: number): Promise<void>;
  /** Wall clock, milliseconds since 1970, as the engine sees it. */
  now(): number;
}
/** The team's own database. Every value comes back in the form that docs/project.md, "Your database", says. */
export interface Database {
  readonly dialect: 'postgres' | 'mysql' | 'sqlite';
  /** Host (or file) and database, no credentials. */
  readonly name: string;
  /** What the config says under `database`: which table has the users, which the flags. Empty in a drill and without config. */
  readonly mapping: JsonObject;
  /**
   * One read-only transaction over one snapshot; the database itself refuses a write in it.
   * @throws E_DB_…, with what the database said.
   */
  read<T>(work: (db: DatabaseQueries) => Promise<T>): Promise<T>;
  /**
   * One transaction that may write, only inside a change; committed when `work` resolves, rolled back when it throws. What
   * `work` throws comes out as it is.
   * @throws E_GATE_DATABASE outside a change; ChangeRefused where the database failed and nothing was written; E_DB_… where
   * that is not known.
   */
  write<T>(work: (db: DatabaseQueries) => Promise<T>): Promise<T>;
}
/**
 * Kysely over a schema that is not known before the run: names are quoted, values are parameters. Good within its callback
 * only. While a `stream` of it is read, nothing else can be asked.
 */
export type DatabaseQueries = Kysely<{ [table: string]: { [column: string]: unknown } }>;
export interface ExecOptions {
  readonly cwd?: string;
  readonly env?: { readonly [name: string]: string };
  readonly input?: string;
  /** Bytes of output kept of each stream; more is cut and said. Default 1 MiB. */
  readonly maxOutputBytes?: number;
}
export interface ExecResult {
  readonly exitCode: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly isTruncated: boolean;
  readonly durationMs: number;
}
/** A file that becomes evidence of the run when it is ended; its `finish` says that it is durable. */
export type ArtifactStream = Writable;
export interface ArtifactOptions {
  /** `undo`: kept to take the step's changes back, and not listed as evidence. */
  readonly purpose?: 'evidence' | 'undo';
  /** `text/plain` if absent. What begins with `text/` or names JSON is redacted like everything else that is kept. */
  readonly mediaType?: string;
}

export interface Checkpoint {
  /** What was saved last. */
  readonly last: Json | undefined;
  /** Resolves when an end of the process does not lose it. A power cut may, with the work after it. A plan saves nothing. */
  save(cursor: Json): Promise<void>;
}

export type Effect = 'read' | 'change' | 'destructive';

/** What FromSchema gives for a schema, spelled so that the compiler stays fast (one conditional, no default). */
export type Infer<S> = S extends JSONSchema ? FromSchema<S> : never;

/**
 * A request that is no GET and yet only reads, with the reason why. `path`: that path of any host; with a slash at its end
 * everything below it. `input`: the very address, whatever its query, that the step gives as this input.
 */
export type ReadingRequest<Input extends string = string> = { readonly method: string; readonly reason: string } & (
  | { readonly path: string; readonly input?: never }
  | { readonly input: Input; readonly path?: never }
);

export interface ActionDefinition<I, O> {
  /** `family.verb-object`. */
  readonly name: string;
  readonly title: string;
  readonly description?: string;
  /** `playbook`: the step says it (shell.run, http.request). */
  readonly effect: Effect | 'playbook';
  /** May an unknown change be sent again? */
  readonly idempotent: boolean;
  readonly input: I;
  /**
   * A text in it that is marked `secret: true` is never stored or shown: later steps pass it on by `with`. Marks stand under
   * `properties`, `items` and `additionalProperties` alone.
   */
  readonly output: O;
  /** Names of secrets it reads through `ctx.secret`. */
  readonly secrets?: readonly string[];
  /** Names of the environment variables it reads through `ctx.env`. */
  readonly env?: readonly string[];
  /** Requests that are no GET and yet only read; shown in the documentation and the plan. */
  readonly reads?: readonly ReadingRequest<keyof Infer<I> & string>[];
  /**
   * Templates that it may render by itself, without their endings, and so that a run pins. An input of it named `template` names
   * another, likewise pinned where the playbook says it literally.
   */
  readonly templates?: readonly string[];
  /** Starts processes although it only reads; with the reason. */
  readonly execReads?: string;
  /** Inputs whose value others see (a process's arguments, a message's text): no secret may stand in them. */
  readonly exposes?: readonly (keyof Infer<I> & string)[];
  /** Its changes record an `undo`. */
  readonly isUndoable?: boolean;
  /** The family's reader; serves protection, the earlier state, and undo. */
  readonly describe?: Describe;
  run(input: Infer<I>, ctx: ActionContext): Promise<Infer<O>>;
}
/** What a family's reader says of one target. */
export interface Described {
  /**
   * What protection is judged by: `email` (text) or `emails` (a list of texts), and whatever paths `protect.metadata` of
   * the config may name. Not stored.
   */
  readonly attributes: JsonObject;
  /** What changes set: compared with a change's `after`. Stored. */
  readonly state: JsonObject;
  /** Whom it belongs to. Limits and protection of the owner hold for it, also where an action does not name one. */
  readonly owner?: Target;
}
/** Batched. `null`: no such target. A kind it cannot read is left out of the map. */
export type Describe = (kind: string, ids: readonly string[], ctx: ActionContext) => Promise<DescribedTargets>;
/** By id. */
export type DescribedTargets = ReadonlyMap<string, Described | null>;

/** The engine's view of any action, its types erased. */
export interface Action {
  readonly name: string;
  readonly title: string;
  readonly description?: string;
  readonly effect: Effect | 'playbook';
  readonly idempotent: boolean;
  readonly input: JsonObject;
  readonly output: JsonObject;
  readonly secrets: readonly string[];
  readonly env: readonly string[];
  readonly reads: readonly ReadingRequest[];
  readonly execReads?: string;
  readonly exposes?: readonly string[];
  readonly templates?: readonly string[];
  /** Its changes record an `undo`. */
  readonly isUndoable?: boolean;
  readonly describe?: Describe;
  run(input: Json, ctx: ActionContext): Promise<Json>;
}

/** Declares an action. Types of `run` follow from the schemas. */
export function defineAction<const I extends JSONSchema, const O extends JSONSchema>(
  definition: ActionDefinition<I, O>,
): Action {
  const { secrets = [], env = [], reads = [], ...rest } = definition;
  // The engine validates input and output with the very schemas the types were inferred from.
  return { ...rest, secrets, env, reads } as unknown as Action;
}

/** Thrown by `ctx.change`/`ctx.changes` where a person must decide first. Let it pass: the step waits and runs again. */
export class Paused extends Error {
  readonly reason: 'approval' | 'limit' | 'in-doubt' | 'operator';
  constructor(reason: Paused['reason'], message: string) {
    super(message);
    this.name = 'Paused';
    this.reason = reason;
  }
}

/**
 * Throw it while `ctx.planning` where the targets cannot be known before the work is done: the approval then says so, and
 * binds to action and inputs alone. Any other error makes the plan fail like an attempt.
 */
export class TargetsUnknown extends Error {
  constructor(reason: string) {
    super(reason);
    this.name = 'TargetsUnknown';
  }
}

/**
 * Throw it from a change's callback where the effect is known NOT to have happened (refused before sending, a 4xx).
 * Any other error leaves the change `unknown`.
 */
export class ChangeRefused extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'ChangeRefused';
  }
}
/**
 * Throw it from an action's run to fail for good: `retry` does not try again. From a change's callback: its batch is known
 * not to have happened, and no further batch is started.
 */
export class PermanentFailure extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'PermanentFailure';
  }
}
