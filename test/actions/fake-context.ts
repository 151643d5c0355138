// A small, faithful ActionContext for tests of actions: ledger in memory, gate on fetch, a clock that nobody waits for.
// It follows engine/action.ts and knows nothing of the engine's own implementation.
import { AsyncLocalStorage } from 'node:async_hooks';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { Readable, Writable } from 'node:stream';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import {
  type Action,
  type ActionContext,
  ChangeRefused,
  type ChangeResult,
  type ChangesSpec,
  type Effect,
  type ExecOptions,
  type ExecResult,
  Paused,
  PermanentFailure,
  type TargetAnswer,
} from '../../engine/action.ts';
import { messageOf } from '../../engine/errors.ts';
import { holdsFields, type Json, type JsonObject } from '../../engine/json.ts';
import { unknownTemplate } from '../../engine/templates/names.ts';
import { prepareTemplate } from '../../engine/templates/render.ts';

export interface FakeOptions {
  readonly secrets?: { readonly [name: string]: string };
  readonly env?: { readonly [name: string]: string };
  readonly planning?: boolean;
  readonly effect?: Effect;
  readonly target?: { readonly kind: string; readonly id: string };
  /** What earlier attempts recorded. */
  readonly ledger?: readonly ChangeResult[];
  readonly protectedIds?: readonly string[];
  /** What an earlier attempt saved. */
  readonly checkpoint?: Json;
  /** Files that steps kept, by step and name with a space between; its own files are those of `step`. */
  readonly kept?: ReadonlyMap<string, Buffer>;
}

/** Time as tests own it: sleeping moves it and takes none. Server and context share one. */
export class FakeClock {
  nowMs = Date.UTC(2026, 10, 24, 3, 0, 0);
  sleptMs = 0;
  readonly now = (): number => this.nowMs;
  readonly sleep = (ms: number): Promise<void> => {
    this.nowMs += ms;
    this.sleptMs += ms;
    return Promise.resolve();
  };
}

export interface FakeRun {
  readonly ctx: ActionContext;
  readonly abort: AbortController;
  readonly logs: string[];
  readonly results: Map<string, ChangeResult>;
  /** Files that were kept, by name; as text, and as they are. */
  readonly artifacts: ReadonlyMap<string, string>;
  readonly files: ReadonlyMap<string, Buffer>;
  /** Cursors that were saved, in order. */
  readonly checkpoints: readonly Json[];
  /** Runs the action as the engine does: input checked and completed by its schema, output checked. */
  run(action: Action, input: Json): Promise<JsonObject>;
}

const mayChange = new AsyncLocalStorage<boolean>();
const plainFetch = globalThis.fetch;

/** Only reads leave outside a change. The SDK reads globalThis.fetch at every call while NODE_ENV is `test`. */
const gatedFetch: typeof fetch = (input, init) => {
  const method = (init?.method ?? (input instanceof Request ? input.method : 'GET')).toUpperCase();
  if (method !== 'GET' && method !== 'HEAD' && mayChange.getStore() !== true) {
    return Promise.reject(new ChangeRefused(`${method} was not sent: outside a change only reads leave`));
  }
  return plainFetch(input, init);
};

export function fakeRun(options: FakeOptions = {}, clock: FakeClock = new FakeClock()): FakeRun {
  globalThis.fetch = gatedFetch;
  const abort = new AbortController();
  const logs: string[] = [];
  const artifacts = new Map<string, string>();
  const files = new Map<string, Buffer>();
  const checkpoints: Json[] = options.checkpoint === undefined ? [] : [options.checkpoint];
  const results = new Map(
    (options.ledger ?? []).map((change) => [`${change.kind} ${change.id} ${change.verb}`, change]),
  );
  let isIdempotent = true;
  let current: Action | undefined;

  const changes = async (
    spec: ChangesSpec,
    perform: (
      chunk: ChangesSpec['targets'],
      signal: AbortSignal,
    ) => Promise<ReadonlyMap<string, TargetAnswer> | undefined>,
  ): Promise<readonly ChangeResult[]> => {
    const keyOf = (id: string): string => `${spec.kind} ${id} ${spec.verb}`;
    const record = (id: string, more: Omit<ChangeResult, 'kind' | 'id' | 'verb'>): void => {
      const known = results.get(keyOf(id));
      results.set(keyOf(id), { ...known, kind: spec.kind, id, verb: spec.verb, after: spec.after, ...more });
    };
    const todo: ChangesSpec['targets'][number][] = [];
    for (const target of spec.targets) {
      const known = results.get(keyOf(target.id));
      const isHeld = [target.id, target.owner?.id].some((id) => id !== undefined && options.protectedIds?.includes(id));
      if (known !== undefined && known.outcome !== 'unknown' && known.outcome !== 'failed') continue;
      if (known?.outcome === 'unknown' && !(spec.idempotent ?? isIdempotent))
        throw new Paused('in-doubt', `${target.id} is in doubt`);
      const before = known?.before ?? target.before;
      const kept = {
        ...(target.owner === undefined ? {} : { owner: target.owner }),
        ...(before === undefined ? {} : { before }),
      };
      if (isHeld) record(target.id, { outcome: 'protected', ...kept });
      else if (known === undefined && before !== undefined && holdsFields(before, spec.after))
        record(target.id, { outcome: 'already', ...kept });
      else if (options.planning === true) record(target.id, { outcome: 'planned', ...kept });
      else {
        todo.push(target);
        // The intent: without an outcome it reads as unknown.
        record(target.id, { outcome: 'unknown', ...kept });
      }
    }
    const size = spec.batch ?? 1;
    const chunks = Array.from({ length: Math.ceil(todo.length / size) }, (_, at) =>
      todo.slice(at * size, (at + 1) * size),
    );
    const queue = chunks.values();
    let stop: PermanentFailure | undefined;
    const slot = async (): Promise<void> => {
      for (const chunk of queue) {
        if (stop !== undefined) return;
        try {
          const answers = await mayChange.run(true, () => perform(chunk, abort.signal));
          for (const { id } of chunk) record(id, { outcome: 'done', ...answers?.get(id) });
        } catch (error) {
          if (error instanceof PermanentFailure) stop = error;
          const isKnown = error instanceof ChangeRefused || error instanceof PermanentFailure;
          for (const { id } of chunk) record(id, { outcome: isKnown ? 'failed' : 'unknown', error: messageOf(error) });
        }
      }
    };
    await Promise.all(Array.from({ length: spec.concurrency ?? 1 }, slot));
    if (stop !== undefined) throw stop;
    return spec.targets.map(
      ({ id }) => results.get(keyOf(id)) ?? { kind: spec.kind, id, verb: spec.verb, outcome: 'skipped' },
    );
  };

  const ctx: ActionContext = {
    signal: abort.signal,
    planning: options.planning ?? false,
    get effect() {
      return options.effect ?? (current === undefined || current.effect === 'playbook' ? 'read' : current.effect);
    },
    ...(options.target === undefined ? {} : { target: options.target }),
    run: {
      id: 'run_1',
      playbook: 'test',
      step: 'step',
      attempt: 1,
      round: 0,
      redo: 0,
      isDrill: false,
      startedAt: new Date(clock.now()).toISOString(),
    },
    async change({ kind, verb, after, undo, key, idempotent, ...target }, perform) {
      const spec = {
        kind,
        verb,
        after,
        targets: [target],
        ...(undo === undefined ? {} : { undo }),
        ...(key === undefined ? {} : { key }),
        ...(idempotent === undefined ? {} : { idempotent }),
      };
      const [result] = await changes(spec, async (_chunk, signal) => {
        await perform(signal);
        return undefined;
      });
      if (result === undefined) throw new Error('a change gave no result');
      return result;
    },
    changes,
    async db() {
      throw new Error('this context has no database: use a world of engine runs');
    },
    async expect({ kind, ids, verb = 'touch' }) {
      const isHeld = (id: string): boolean => options.protectedIds?.includes(id) === true;
      for (const id of ids.filter(isHeld)) {
        results.set(`${kind} ${id} ${verb}`, { kind, id, verb, outcome: 'protected', error: 'protected' });
      }
      return [...new Set(ids)].filter((id) => !isHeld(id));
    },
    ledger: () => [...results.values()],
    artifact: (name) => {
      const chunks: Buffer[] = [];
      return new Writable({
        write: (chunk: Buffer, _encoding, done) => {
          chunks.push(chunk);
          done();
        },
        final: (done) => {
          if (options.planning !== true) {
            files.set(name, Buffer.concat(chunks));
            artifacts.set(name, Buffer.concat(chunks).toString('utf8'));
          }
          done();
        },
      });
    },
    readArtifact: (name, step = 'step') => {
      const bytes = (step === 'step' ? files.get(name) : undefined) ?? options.kept?.get(`${step} ${name}`);
      const missing = (): Error =>
        Object.assign(new Error(`no file ${name} of ${step}`), { code: 'E_ARTIFACT_UNKNOWN' });
      return Readable.from(
        (function* () {
          if (bytes === undefined) throw missing();
          yield bytes;
        })(),
        { objectMode: false },
      );
    },
    checkpoint: {
      get last() {
        return checkpoints.at(-1);
      },
      save: async (cursor) => {
        if (options.planning !== true) checkpoints.push(structuredClone(cursor));
      },
    },
    template: async (name, data) => prepareTemplate({ name, ...builtInTemplate(name) })(data),
    progress: () => undefined,
    log: (text) => void logs.push(text),
    secret: async (name) => {
      if (current?.secrets.includes(name) !== true) throw new Error(`E_SECRET_UNKNOWN ${name}`);
      return options.secrets?.[name] ?? '';
    },
    env: options.env ?? {},
    fetch: (input, init) => gatedFetch(input, init),
    exec: (file, args, exec) => execute(file, args, exec),
    sleep: async (ms) => {
      abort.signal.throwIfAborted();
      await clock.sleep(ms);
    },
    now: clock.now,
  };

  return {
    ctx,
    abort,
    logs,
    results,
    artifacts,
    files,
    checkpoints,
    async run(action, input) {
      current = action;
      isIdempotent = action.idempotent;
      const complete = structuredClone(input);
      checkSchema(action.input, complete, `${action.name}: input`);
      const output = await action.run(complete, ctx);
      checkSchema(action.output, output, `${action.name}: output`);
      // Every action's output schema is an object, and was just checked.
      return output as JsonObject;
    },
  };
}

/** @throws Error naming the schema's complaint. */
export function checkSchema(schema: JsonObject, value: Json, what: string): void {
  const ajv = new Ajv2020({ useDefaults: true, allErrors: true, allowUnionTypes: true });
  addFormats.default(ajv);
  ajv.addVocabulary(['secret']);
  ajv.addFormat('runbook-duration', /^\d{1,9}(ms|s|m|h|d)$/);
  const validate = ajv.compile(schema);
  if (!validate(value)) throw new Error(`${what}: ${ajv.errorsText(validate.errors)}`);
}

function execute(file: string, args: readonly string[], options: ExecOptions = {}): Promise<ExecResult> {
  const { cwd, env, input } = options;
  return new Promise((resolve, reject) => {
    const settings = { env: { PATH: process.env.PATH, ...env }, ...(cwd === undefined ? {} : { cwd }) };
    const child = execFile(file, args, settings, (error, stdout, stderr) => {
      if (error !== null && typeof error.code !== 'number') return reject(error);
      const exitCode = error === null ? 0 : Number(error.code);
      resolve({ exitCode, signal: null, stdout, stderr, isTruncated: false, durationMs: 1 });
    });
    if (input !== undefined) child.stdin?.end(input);
  });
}

/** One of the engine's own. */
function builtInTemplate(name: string): { readonly file: string; readonly text: string } {
  const file = new URL(`../../templates/${name}.hbs`, import.meta.url);
  return existsSync(file) ? { file: `templates/${name}.hbs`, text: readFileSync(file, 'utf8') } : unknownTemplate(name);
}
