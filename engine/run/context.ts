// The engine's side of what an action is given. One context an attempt; closed when the attempt ends, so that an action
// that goes on in the background can do nothing more.
import {
  type Action,
  type ActionContext,
  type ChangeResult,
  type Described,
  type DescribedTargets,
  type Effect,
  Paused,
} from '../action.ts';
import { RunbookError } from '../errors.ts';
import { performChange, performChanges, toResult } from './changes.ts';
import type { Clock } from './clock.ts';
import { runProcess } from './exec.ts';
import { expectTargets } from './expect-targets.ts';
import { isChanging, isGuarded, type Passage, withPassage } from './gate.ts';
import type { LedgerPort } from './ledger-port.ts';
import type { CountAgainstLimits } from './limits.ts';
import { doubtsOf, openChanges, settleByReading } from './open-changes.ts';
import { InDoubt } from './pauses.ts';
import { hasNoRules, judgeTargets } from './protection.ts';
import type { ProtectRules } from './rules.ts';
import type { Secrets } from './secrets.ts';
import type { Change, Doubt } from './state.ts';
import type { StepLedger } from './step-ledger.ts';

/** Longest a single request may take. */
const REQUEST_TIMEOUT_MS = 30_000;

export interface ContextOptions {
  readonly action: Action;
  readonly effect: Effect;
  readonly target?: { readonly kind: string; readonly id: string };
  readonly run: ActionContext['run'];
  readonly ledger: StepLedger;
  readonly protect: ProtectRules;
  readonly count: CountAgainstLimits;
  readonly wantsOwners: LedgerPort['wantsOwners'];
  /** True where the journal would not keep this text as it is. */
  readonly isRedacted: (text: string) => boolean;
  readonly secrets: Secrets;
  /** Secrets the playbook or the action names; others are refused. */
  readonly env: { readonly [name: string]: string | undefined };
  readonly clock: Clock;
  readonly stop: AbortSignal;
  readonly cut: AbortSignal;
  readonly proveLease: () => Promise<void>;
  readonly onProgress: (done: number, total: number | undefined, unit: string | undefined) => void;
  readonly onLog: (text: string) => void;
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
  const described = new Map<string, Map<string, Described | null>>();
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
      reads: action.reads,
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

  const describe: LedgerPort['describe'] = async (kind, ids) => {
    const known = described.get(kind) ?? new Map<string, Described | null>();
    if (!action.describe) return known;
    const missing = ids.filter((id) => !known.has(id));
    if (missing.length === 0) return known;
    const read: DescribedTargets = await action.describe(kind, missing, ctx);
    for (const [id, one] of read) known.set(id, one);
    described.set(kind, known);
    return known;
  };

  const ledger: LedgerPort = {
    // Not spread: `changes` is looked up anew at each use.
    get changes() {
      return options.ledger.changes;
    },
    attempt: options.ledger.attempt,
    round: options.ledger.round,
    isPlanning: options.ledger.isPlanning,
    isIdempotent: options.ledger.isIdempotent,
    underWay: new Set(),
    repeatable: new Map(),
    judge: async (targets) =>
      hasNoRules(options.protect) ? new Map() : judgeTargets({ rules: options.protect, describe, stop }, targets),
    count: options.count,
    wantsOwners: options.wantsOwners,
    expected: options.ledger.expected,
    isRedacted: options.isRedacted,
    intend: options.ledger.intend,
    settle: options.ledger.settle,
    authorize: options.ledger.authorize,
    stop,
    cut,
    describe,
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
    fetch: (input, init) =>
      isGuarded() ? globalThis.fetch(input, init) : behindGate('reads', stop, () => globalThis.fetch(input, init)),
    async change(spec, perform) {
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
    },
    async changes(spec, perform) {
      assertOpen('ctx.changes');
      assertDeclared(action, options.effect, spec.verb);
      return notingPause(() => performChanges(ledger, spec, perform));
    },
    async expect(spec) {
      assertOpen('ctx.expect');
      assertDeclared(action, options.effect, spec.verb ?? 'touch targets');
      return notingPause(async () => {
        const { ids, release } = await expectTargets(ledger, spec);
        if (isOpen) releases.push(release);
        else release();
        return ids;
      });
    },
    ledger: (): readonly ChangeResult[] => [...ledger.changes.values()].map(toResult),
    progress: (done, total, unit) => {
      // What is no number is no progress, and must not reach the journal.
      if (isOpen && Number.isFinite(done)) options.onProgress(done, Number.isFinite(total) ? total : undefined, unit);
    },
    log: (text) => {
      if (isOpen) options.onLog(String(text));
    },
    async secret(name) {
      assertOpen('ctx.secret');
      if (!action.secrets.includes(name)) {
        throw new RunbookError({
          code: 'E_SECRET_UNKNOWN',
          message: `${action.name} asks for the secret ${name}, which it does not declare`,
          hint: `Add it to the action's secrets: [...], so that playbooks show what they need`,
        });
      }
      return options.secrets.get(name);
    },
    async exec(file, args, execOptions = {}) {
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
    },
    sleep: (ms) =>
      new Promise<void>((resolve, reject) => {
        stop.throwIfAborted();
        const onAbort = (): void => {
          cancel();
          reject(stop.reason);
        };
        const cancel = clock.after(ms, () => {
          stop.removeEventListener('abort', onAbort);
          resolve();
        });
        stop.addEventListener('abort', onAbort, { once: true });
      }),
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
      return result;
    },
    close: () => {
      isOpen = false;
      for (const release of releases.splice(0)) release();
    },
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
