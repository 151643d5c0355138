// The imperative shell: starts what decide wishes, cancels what it no longer wishes, and ends when nothing here can
// move the run on. There is no other way a run runs: `run` is create and this, `resume` is this.
import { invariant } from '../errors.ts';
import { type Command, commandKey } from './commands.ts';
import { decide } from './decide.ts';
import { createEngine, type Engine, type EngineOptions } from './engine.ts';
import { isInside, isUndoPath } from './paths.ts';
import { type RunState, type RunStatus, runStatus, waitsForPerson } from './state.ts';
import { StopControl, type StopReason } from './stop.ts';
import { isStoreError } from './store-error.ts';
import { Timers } from './timers.ts';
import { pauseReason, waitLines } from './waits.ts';
import { perform } from './work.ts';

export type { EngineOptions } from './engine.ts';

export interface RunEnd {
  readonly status: RunStatus;
  /** What the run waits for, a line each, when it is open. */
  readonly waitsFor: readonly string[];
  /** Of these, what no event tells of: secrets that nobody gave to this process. */
  readonly localWaits: readonly { readonly path: string; readonly text: string }[];
  readonly isInterrupted: boolean;
  readonly head: { readonly seq: number; readonly hash: string };
}

/**
 * Runs a run until it ends, fails open, waits for people who are not here, or is paused. Everything it says happened
 * is durable when it resolves.
 * @throws E_SECRET_MISSING before anything starts; E_LEASE_LOST and store errors, with all work under way cut off.
 */
export async function executeRun(options: EngineOptions): Promise<RunEnd> {
  const engine = createEngine(options);
  for (const name of engine.plan.requires.secrets) await engine.secrets.get(name);
  const { host, pid, version, operator, session } = engine;
  if (session.state.endedAt === null || session.state.undo !== null) {
    await session.append({ type: 'run.attached', actor: 'engine', data: { host, pid, engine: version, operator } });
    await new Loop(engine).run();
  }
  const { state } = session;
  const isInterrupted = options.pause.aborted && !isOver(state);
  const waitsFor = [...waitLines(state), ...localWaitLines(engine)];
  if (state.endedAt === null) {
    await session.append({
      type: 'run.paused',
      actor: 'engine',
      data: { reason: pauseReason(state, isInterrupted), waitsFor },
    });
  }
  const localWaits = [...engine.localWaits].map(([path, text]) => ({ path, text }));
  return { status: statusOf(engine), waitsFor, localWaits, isInterrupted, head: { seq: state.seq, hash: state.head } };
}

function localWaitLines({ localWaits }: Engine): readonly string[] {
  return [...localWaits].map(([path, text]) => `${path}: ${text}`);
}

/** A step that waits for a secret waits for a person too, though no event says so. */
function statusOf({ session: { state }, localWaits }: Engine): RunStatus {
  const status = runStatus(state);
  return status === 'running' && localWaits.size > 0 ? 'waiting' : status;
}

interface Activity {
  readonly command: Command;
  readonly control: StopControl;
  isParked: boolean;
  /** Ends the bound on what is in flight after a soft stop. */
  disarm: (() => void) | null;
}

/** A request's time limit and a little more: what settles by itself has settled by then. */
const SETTLE_WITHIN_MS = 35_000;

class Loop {
  readonly #engine: Engine;
  readonly #activities = new Map<string, Activity>();
  readonly #timers: Timers;
  #crash: { readonly error: unknown } | null = null;
  /** Timers that fired and whose events are on their way. */
  #firing = 0;
  #news: () => void = () => undefined;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.#timers = new Timers(engine.clock, (timer) => this.#fire(timer));
  }

  async run(): Promise<void> {
    const { session, pause } = this.#engine;
    const wake = (): void => this.#news();
    const stopListening = session.listen(wake);
    pause.addEventListener('abort', wake);
    session.lost.addEventListener('abort', wake);
    try {
      while (true) {
        const news = new Promise<void>((resolve) => {
          this.#news = resolve;
        });
        if (!this.#step()) break;
        await news;
      }
      if (this.#crash) throw this.#crash.error;
      session.lost.throwIfAborted();
    } finally {
      this.#timers.clear();
      stopListening();
      pause.removeEventListener('abort', wake);
      session.lost.removeEventListener('abort', wake);
    }
  }

  /** One round: reconcile what is under way with what is wished. @returns false where the loop is over. */
  #step(): boolean {
    const { session, pause, plan } = this.#engine;
    if (session.lost.aborted) this.#stopAll('hard', 'lease');
    else if (this.#crash) this.#stopAll(isStoreError(this.#crash.error) ? 'hard' : 'soft', 'crash');
    else if (isOver(session.state) || pause.aborted || this.#isUndone()) this.#stopAll('soft', 'operator');
    else {
      this.#reconcile(decide(plan, session.state));
      return this.#isWorking() || this.#timers.moving > 0 || (this.#engine.waitsForOthers && this.#waitsForOthers());
    }
    return this.#isWorking();
  }

  #isUndone(): boolean {
    return this.#engine.endsWithUndo === true && this.#engine.session.state.undo === null;
  }

  #isWorking(): boolean {
    if (this.#firing > 0) return true;
    for (const activity of this.#activities.values()) if (!activity.isParked) return true;
    return false;
  }

  /** A secret that nobody here gives cannot come from elsewhere. */
  #waitsForOthers(): boolean {
    return this.#activities.size > this.#engine.localWaits.size;
  }

  #stopAll(how: 'soft' | 'hard', reason: 'operator' | 'lease' | 'crash'): void {
    this.#timers.clear();
    for (const activity of this.#activities.values()) {
      if (how === 'hard') activity.control.hard(reason);
      else this.#stopSoftly(activity, reason);
    }
  }

  /** No new effect starts, what is in flight may settle, but not for ever. */
  #stopSoftly(activity: Activity, reason: StopReason): void {
    activity.control.soft(reason);
    // A question that was put aside has nothing in flight.
    if (activity.isParked) return;
    activity.disarm ??= this.#engine.clock.after(this.#engine.settleWithinMs ?? SETTLE_WITHIN_MS, () =>
      activity.control.hard(reason),
    );
  }

  #reconcile(wishes: readonly Command[]): void {
    const wished = new Set<string>();
    const timers: Extract<Command, { type: 'wake' }>[] = [];
    for (const command of wishes) {
      if (command.type === 'wake') {
        if (!this.#isWaitedFor(command)) timers.push(command);
      } else if (command.type === 'cancel') this.#cancel(command, wished);
      else {
        const key = commandKey(command);
        wished.add(key);
        if (!this.#activities.has(key) && !this.#isAttempting(command)) this.#start(key, command);
      }
    }
    this.#timers.reconcile(timers);
    this.#stopSleepers();
    for (const [key, activity] of this.#activities) {
      if (wished.has(key)) continue;
      // A question that is no longer open is taken back, and so is an attempt whose step a person ended. Other work ends
      // by its own event.
      if (isQuestion(activity.command)) activity.control.soft('ended');
      else if (activity.command.type === 'attempt') this.#stopSoftly(activity, 'ended');
      if (activity.isParked) this.#forget(key, activity);
    }
  }

  /** Another step stopped the run: what merely waits would keep the process for nothing. It starts again when the run goes on. */
  #stopSleepers(): void {
    const { stopped } = this.#engine.session.state;
    if (stopped.size === 0) return;
    for (const { command, control } of this.#activities.values())
      if (command.type === 'attempt' && !isUndoPath(command.path) && control.isAsleep) control.soft('halted');
  }

  /** Time does not count while only a secret is waited for. */
  #isWaitedFor({ path, accumulates }: Extract<Command, { type: 'wake' }>): boolean {
    const { localWaits, session } = this.#engine;
    if (localWaits.size === 0 || !accumulates) return false;
    if (localWaits.has(path)) return true;
    for (const open of session.state.openSteps) {
      const step = session.state.steps.get(open);
      const isAbout = step !== undefined && isInside(open, path) && !waitsForPerson(step);
      if (isAbout && !localWaits.has(open)) return false;
    }
    return true;
  }

  #forget(key: string, { command }: Activity): void {
    this.#activities.delete(key);
    if ('path' in command) this.#engine.localWaits.delete(command.path);
  }

  /** While a step's attempt is under way nothing else is done about that step. */
  #isAttempting(command: Command): boolean {
    if (command.type === 'attempt' || !('path' in command)) return false;
    return this.#activities.get(`attempt ${command.path}`)?.isParked === false;
  }

  #cancel(command: Extract<Command, { type: 'cancel' }>, wished: Set<string>): void {
    const key = `attempt ${command.path}`;
    wished.add(key);
    let activity = this.#activities.get(key);
    if (activity?.isParked === true) {
      this.#forget(key, activity);
      activity = undefined;
    }
    if (!activity) {
      // Killed between the timer and the attempt's end: take the attempt up only to record how it ended.
      const step = this.#engine.session.state.steps.get(command.path);
      invariant(step, `cancel of an unknown step ${command.path}`);
      activity = this.#start(
        key,
        { type: 'attempt', path: command.path, attempt: step.attempt, round: step.round },
        command.reason,
      );
    }
    if (command.reason === 'timeout') activity.control.hard('timeout');
    else this.#stopSoftly(activity, 'abort');
  }

  #start(key: string, command: Exclude<Command, { type: 'wake' | 'cancel' }>, stopped?: 'timeout' | 'abort'): Activity {
    const activity: Activity = { command, control: new StopControl(), isParked: false, disarm: null };
    activity.control.onAsleep = () => this.#news();
    if (stopped) activity.control.soft(stopped);
    this.#activities.set(key, activity);
    const seq = this.#engine.session.state.seq;
    perform(this.#engine, command, activity.control)
      .then(
        (result) => {
          if (result === 'parked' && !activity.control.stop.aborted) {
            activity.isParked = true;
            return;
          }
          this.#activities.delete(key);
          // Finished without a fact, the same wish would come back for ever.
          invariant(
            this.#engine.session.state.seq > seq || activity.control.stop.aborted,
            `${key} ended without an event`,
          );
        },
        (error: unknown) => {
          this.#activities.delete(key);
          // A question that was taken back may end with its signal's error.
          if (activity.control.stop.aborted && isQuestion(command)) return;
          throw error;
        },
      )
      .catch((error: unknown) => {
        this.#crash ??= { error };
      })
      .finally(() => {
        activity.disarm?.();
        this.#news();
      });
    return activity;
  }

  #fire(timer: { readonly timer: string; readonly path: string }): void {
    this.#firing += 1;
    this.#engine.session
      .append({ type: 'timer.fired', actor: 'engine', step: timer.path, data: { timer: timer.timer } })
      .catch((error: unknown) => {
        this.#crash ??= { error };
      })
      .finally(() => {
        this.#firing -= 1;
        this.#news();
      });
  }
}

function isOver(state: RunState): boolean {
  return state.endedAt !== null && state.undo === null;
}

const QUESTIONS: ReadonlySet<Command['type']> = new Set<Command['type']>([
  'await-answer',
  'await-approval',
  'await-decision',
  'await-output',
  'await-doubt',
  'await-temporary',
]);

function isQuestion(command: Command): boolean {
  return QUESTIONS.has(command.type);
}
