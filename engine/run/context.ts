// The engine's side of what an action is given. One context an attempt; closed when the attempt ends, so that an action
// that goes on in the background can do nothing more.
import { type Action, type ActionContext, type ChangeResult, type Effect, type Outcome, Paused } from '../action.ts';
import { RunbookError } from '../errors.ts';
import type { Json } from '../json.ts';
import { type ArtifactStore, createArtifacts } from './artifacts.ts';
import { performChange, performChanges, toResult } from './changes.ts';
import type { Clock } from './clock.ts';
import { createDatabases, type DatabaseSettings } from './database.ts';
import { runProcess } from './exec.ts';
import { expectTargets } from './expect-targets.ts';
import { isChanging, isGuarded, type Passage, withPassage } from './gate.ts';
import type { LedgerPort } from './ledger-port.ts';
import type { CountAgainstLimits } from './limits.ts';
import { doubtsOf, openChanges, settleByReading } from './open-changes.ts';
import { InDoubt } from './pauses.ts';
import { hasNoRules, judgeTargets } from './protection.ts';
import { createReader } from './reader.ts';
import type { ProtectRules } from './rules.ts';
import type { Secrets } from './secrets.ts';
import type { Change, Doubt } from './state.ts';
import type { StepLedger } from './step-ledger.ts';

/** Longest a single request may take. */
const REQUEST_TIMEOUT_MS = 30_000;
/** Outcomes after which a target may not be as it was read before. */
const TOUCHED: ReadonlySet<string> = new Set<Outcome>(['done', 'unknown', 'failed']);

export interface ContextOptions {
  readonly action: Action;
  readonly effect: Effect;
  readonly target?: { readonly kind: string; readonly id: string };
  /** Requests that are no GET and yet only read. */
  readonly reads: Passage['reads'];
  readonly run: ActionContext['run'];
  readonly ledger: StepLedger;
  readonly protect: ProtectRules;
  readonly count: CountAgainstLimits;
  readonly wantsOwners: LedgerPort['wantsOwners'];
  /** True where the journal would not keep this text as it is. */
  readonly isRedacted: (text: string) => boolean;
  readonly secrets: Secrets;
  /** Of the team's own database. */
  readonly database: DatabaseSettings | undefined;
  /** Secrets the playbook or the action names; others are refused. */
  readonly env: { readonly [name: string]: string | undefined };
  readonly clock: Clock;
  readonly stop: AbortSignal;
  readonly cut: AbortSignal;
  readonly proveLease: () => Promise<void>;
  readonly onProgress: (done: number, total: number | undefined, unit: string | undefined) => void;
  readonly onLog: (text: string) => void;
  readonly artifacts: ArtifactStore;
  /** What earlier attempts saved last, and how to save. */
  readonly checkpoint: { readonly last: () => Json | undefined; readonly save: (cursor: Json) => Promise<void> };
  /** Renders the template of that name. */
  readonly template: ActionContext['template'];
  /** Told when a step that only reads begins to wait, and when it goes on. */
  readonly onSleep?: (isAsleep: boolean) => void;
}

export interface OpenContext {
  readonly ctx: ActionContext;
  /** Runs the action, or its reader, behind the gate. */
  guard<T>(work: () => Promise<T>): Promise<T>;
  describe: LedgerPort['describe'];
  /**
   * Changes without a known outcome, once the family's reader has settled what it knows; and of those the ones that must
   * not be sent again.
   */
  settleOpen(): Promise<{ readonly open: readonly Change[]; readonly doubts: readonly Doubt[] }>;
  close(): void;
}

export function createContext(options: ContextOptions): OpenContext {
  const { action, stop, cut, clock } = options;
  let isOpen = true;
  /** Processes started inside changes: like a request that left, they make an outcome uncertain. */
  let processes = 0;
  /** A person must decide first: an action that swallows this must not end as done. */
  let paused: Paused | undefined;
  /** Ends what `ctx.expect` keeps counted against limits. */
  const releases: (() => void)[] = [];

  /** Runs work behind the gate. A refusal comes out as itself, whatever a client in between made of it. */
  const behindGate = async <T>(
    allows: 'reads' | 'changes',
    signal: AbortSignal,
    work: () => Promise<T>,
  ): Promise<T> => {
    let refused: Error | undefined;
    let isSent = false;
    let isOver = false;
    const passage: Passage = {
      // What goes on after a change has its outcome would be an effect that no outcome tells of.
      allows: () => (isOpen ? (isOver ? 'settled' : allows) : 'closed'),
      signal,
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
      reads: options.reads,
      isLoopbackOnly: options.run.isDrill,
      proveLease: options.proveLease,
      onSent: () => {
        isSent = true;
      },
      onRefused: (refusal) => {
        refused ??= refusal;
      },
    };
    const before = processes;
    let result: T;
    try {
      result = await withPassage(passage, work);
    } catch (thrown) {
      // Where something else of this work did leave, nothing is known for sure.
      throw refused !== undefined && !isSent && processes === before ? refused : thrown;
    } finally {
      isOver = true;
    }
    // Swallowed by the action: what was refused did not happen, and must not pass for done.
    if (refused !== undefined) throw isSent || processes > before ? new Error(refused.message) : refused;
    return result;
  };
  const assertOpen = (call: string): void => {
    if (isOpen) return;
    throw new RunbookError({
      code: 'E_ACTION_CLOSED',
      message: `${action.name} called ${call} after its step had ended`,
      hint: 'Await every promise the action starts',
    });
  };

  const artifacts = createArtifacts(options.artifacts, {
    isKept: !options.ledger.isPlanning,
    assertOpen: () => assertOpen('ctx.artifact'),
  });

  const { secrets, database: settings, run } = options;
  const databases = createDatabases({ action, settings, isDrill: run.isDrill, secrets, stop });

  const read = action.describe;
  const { describe, reread, forget } = createReader(read && ((kind, ids) => read.call(action, kind, ids, ctx)));

  const ledger: LedgerPort = {
    // Not spread: `changes` is looked up anew at each use.
    get changes() {
      return options.ledger.changes;
    },
    get edits() {
      return options.ledger.edits;
    },
    attempt: options.ledger.attempt,
    round: options.ledger.round,
    isPlanning: options.ledger.isPlanning,
    isIdempotent: options.ledger.isIdempotent,
    underWay: new Set(),
    repeatable: new Map(),
    met: new Map(),
    judge: async (targets) =>
      hasNoRules(options.protect) ? new Map() : judgeTargets({ rules: options.protect, describe, stop }, targets),
    count: options.count,
    wantsOwners: options.wantsOwners,
    expected: options.ledger.expected,
    isRedacted: options.isRedacted,
    async intend(data) {
      await options.ledger.intend(data);
      const ids = data.targets.map(({ id }) => id);
      forget(data.kind, ids);
    },
    async settle(data) {
      await options.ledger.settle(data);
      const touched = data.results.filter(({ outcome }) => TOUCHED.has(outcome)).map(({ id }) => id);
      forget(data.kind, touched);
    },
    authorize: options.ledger.authorize,
    stop,
    cut,
    describe,
    reread,
    async perform(work) {
      await options.proveLease();
      // Its attempt may have ended while the intent was written: what was not sent by then is not sent.
      assertOpen('ctx.change');
      return behindGate('changes', cut, work);
    },
  };

  const notingPause = async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work();
    } catch (thrown) {
      if (thrown instanceof Paused) paused ??= thrown;
      throw thrown;
    }
  };

  const ctx: ActionContext = {
    signal: stop,
    planning: options.ledger.isPlanning,
    effect: options.effect,
    ...(options.target === undefined ? {} : { target: options.target }),
    run: options.run,
    env: options.env,
    now: () => clock.now(),
    // Called from where the passage is lost (a pool's event, a queue made earlier) it is still this step's.
    fetch: looseEnded((input, init) =>
      isGuarded() ? globalThis.fetch(input, init) : behindGate('reads', stop, () => globalThis.fetch(input, init)),
    ),
    change: looseEnded(async (spec, perform) => {
      assertOpen('ctx.change');
      assertDeclared(action, options.effect, spec.verb);
      const { kind, verb, key, after, undo, idempotent, ...target } = spec;
      const named = {
        ...(key === undefined ? {} : { key }),
        ...(undo === undefined ? {} : { undo }),
        ...(idempotent === undefined ? {} : { idempotent }),
      };
      return notingPause(() =>
        performChange(ledger, { kind, verb, after, targets: [target], ...named }, async (_chunk, signal) => {
          await perform(signal);
          return undefined;
        }),
      );
    }),
    changes: looseEnded(async (spec, perform) => {
      assertOpen('ctx.changes');
      assertDeclared(action, options.effect, spec.verb);
      return notingPause(() => performChanges(ledger, spec, perform));
    }),
    expect: looseEnded(async (spec) => {
      assertOpen('ctx.expect');
      assertDeclared(action, options.effect, spec.verb ?? 'touch targets');
      return notingPause(async () => {
        const { ids, release } = await expectTargets(ledger, spec);
        if (isOpen) releases.push(release);
        else release();
        return ids;
      });
    }),
    ledger: (): readonly ChangeResult[] => currentOnes(ledger.changes.values()).map(toResult),
    artifact: (name, artifactOptions) => {
      assertOpen('ctx.artifact');
      return artifacts.open(name, artifactOptions);
    },
    readArtifact: (name, step) => {
      assertOpen('ctx.readArtifact');
      return artifacts.read(name, step);
    },
    checkpoint: {
      get last() {
        return options.checkpoint.last();
      },
      save: looseEnded(async (cursor) => {
        assertOpen('ctx.checkpoint.save');
        if (!options.ledger.isPlanning) await options.checkpoint.save(cursor);
      }),
    },
    template: looseEnded(async (name, data) => {
      assertOpen('ctx.template');
      return options.template(name, data);
    }),
    progress: (done, total, unit) => {
      // What is no number is no progress, and must not reach the journal.
      if (isOpen && Number.isFinite(done)) options.onProgress(done, Number.isFinite(total) ? total : undefined, unit);
    },
    log: (text) => {
      if (isOpen) options.onLog(String(text));
    },
    secret: looseEnded(async (name) => {
      assertOpen('ctx.secret');
      if (!action.secrets.includes(name)) {
        throw new RunbookError({
          code: 'E_SECRET_UNKNOWN',
          message: `${action.name} asks for the secret ${name}, which it does not declare`,
          hint: `Add it to the action's secrets: [...], so that playbooks show what they need`,
        });
      }
      return options.secrets.get(name);
    }),
    db: looseEnded(async (secret) => {
      assertOpen('ctx.db');
      return databases.open(secret);
    }),
    exec: looseEnded(async (file, args, execOptions = {}) => {
      assertOpen('ctx.exec');
      const isInChange = isChanging();
      if (!isInChange && options.effect !== 'read' && !action.execReads) {
        throw new RunbookError({
          code: 'E_GATE_EXEC',
          message: `${action.name} started ${file} outside a change, although it is no read`,
          hint: 'Wrap it in ctx.change, or declare why it only reads (execReads)',
        });
      }
      if (isInChange) {
        await options.proveLease();
        processes += 1;
      }
      return runProcess({ file, args, options: execOptions, env: options.env, signal: isInChange ? cut : stop, clock });
    }),
    sleep: looseEnded(
      (ms) =>
        new Promise<void>((resolve, reject) => {
          stop.throwIfAborted();
          const note = (isAsleep: boolean): void => {
            if (options.effect === 'read') options.onSleep?.(isAsleep);
          };
          const onAbort = (): void => {
            cancel();
            note(false);
            reject(stop.reason);
          };
          const cancel = clock.after(ms, () => {
            stop.removeEventListener('abort', onAbort);
            note(false);
            resolve();
          });
          stop.addEventListener('abort', onAbort, { once: true });
          note(true);
        }),
    ),
  };

  const settleOpen: OpenContext['settleOpen'] = async () => {
    const open = openChanges(ledger);
    const left = open.length === 0 ? open : await behindGate('reads', stop, () => settleByReading(ledger, open));
    return { open: left, doubts: doubtsOf(ledger, left) };
  };

  /** An action that failed over an answer that was lost: what must not be sent again is not a failure but a question. */
  const asDoubt = async (thrown: unknown): Promise<unknown> => {
    if (stop.aborted || options.ledger.isPlanning || doubtsOf(ledger, openChanges(ledger)).length === 0) return thrown;
    try {
      const { doubts } = await settleOpen();
      return doubts.length === 0 ? thrown : new InDoubt(doubts);
    } catch {
      // The reader failed as well; the doubts stand as they are.
      return stop.aborted ? thrown : new InDoubt(doubtsOf(ledger, openChanges(ledger)));
    }
  };

  return {
    ctx,
    describe,
    settleOpen,
    async guard(work) {
      let result: Awaited<ReturnType<typeof work>>;
      try {
        result = await behindGate('reads', stop, work);
      } catch (thrown) {
        throw await asDoubt(thrown);
      }
      if (paused) throw paused;
      await artifacts.settle();
      return result;
    },
    close: () => {
      isOpen = false;
      databases.close();
      for (const release of releases.splice(0)) release();
    },
  };
}

/** Of changes that came one after the other on a target the last: an action counts targets by them. */
function currentOnes(changes: Iterable<Change>): readonly Change[] {
  return [...changes].filter((change) => change.isReplaced !== true);
}

/**
 * Also where the action forgot to await it: the rejection of a promise nobody looks at would end the process. Whoever awaits it
 * gets the error all the same.
 */
function looseEnded<A extends readonly unknown[], T>(call: (...given: A) => Promise<T>): (...given: A) => Promise<T> {
  return (...given) => {
    const promise = call(...given);
    promise.catch(() => undefined);
    return promise;
  };
}

/** An action that says it only reads cannot change anything through the ledger either. */
function assertDeclared(action: Action, effect: Effect, verb: string): void {
  if (effect !== 'read') return;
  throw new RunbookError({
    code: 'E_ACTION_EFFECT',
    message: `${action.name} is declared as effect: read, yet it wants to ${verb}`,
    hint: 'Declare it as change or destructive, or state effect and target on the step',
  });
}
