// The imperative shell: starts what decide wishes, cancels what it no longer wishes, and ends when nothing here can
// move the run on. There is no other way a run runs: `run` is create and this, `resume` is this.
import { invariant } from '../errors.ts';
import { type Command, commandKey, decide } from './decide.ts';
import { createEngine, type Engine, type EngineOptions } from './engine.ts';
import { type RunStatus, runStatus } from './state.ts';
import { StopControl } from './stop.ts';
import { Timers } from './timers.ts';
import { pauseReason, waitLines } from './waits.ts';
import { perform } from './work.ts';

export type { EngineOptions } from './engine.ts';

export interface RunEnd {
  readonly status: RunStatus;
  /** What the run waits for, a line each, when it is open. */
  readonly waitsFor: readonly string[];
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
  const { host, pid, version, session } = engine;
  if (session.state.endedAt === null) {
    await session.append({ type: 'run.attached', actor: 'engine', data: { host, pid, engine: version } });
    await new Loop(engine).run();
  }
  const { state } = session;
  const isInterrupted = options.pause.aborted && state.endedAt === null;
  const waitsFor = waitLines(state);
  if (state.endedAt === null) {
    await session.append({
      type: 'run.paused',
      actor: 'engine',
      data: { reason: pauseReason(state, isInterrupted), waitsFor },
    });
  }
  return { status: runStatus(state), waitsFor, isInterrupted, head: { seq: state.seq, hash: state.head } };
}

interface Activity {
  readonly command: Command;
  readonly control: StopControl;
  isParked: boolean;
}

class Loop {
  readonly #engine: Engine;
  readonly #activities = new Map<string, Activity>();
  readonly #timers: Timers;
  #crash: { readonly error: unknown } | null = null;
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
    if (this.#crash || session.lost.aborted) {
      this.#stopAll('hard', session.lost.aborted ? 'lease' : 'crash');
      return this.#isWorking();
    }
    if (pause.aborted) {
      this.#stopAll('soft', 'operator');
      return this.#isWorking();
    }
    if (session.state.endedAt !== null) return false;
    const wishes = decide(plan, session.state);
    this.#reconcile(wishes);
    return this.#isWorking() || this.#timers.size > 0 || (this.#engine.waitsForOthers && this.#activities.size > 0);
  }

  #isWorking(): boolean {
    for (const activity of this.#activities.values()) if (!activity.isParked) return true;
    return false;
  }

  #stopAll(how: 'soft' | 'hard', reason: 'operator' | 'lease' | 'crash'): void {
    this.#timers.clear();
    for (const { control } of this.#activities.values()) control[how](reason);
  }

  #reconcile(wishes: readonly Command[]): void {
    const wished = new Set<string>();
    const timers: Extract<Command, { type: 'wake' }>[] = [];
    for (const command of wishes) {
      if (command.type === 'wake') timers.push(command);
      else if (command.type === 'cancel') this.#cancel(command, wished);
      else {
        const key = commandKey(command);
        wished.add(key);
        if (!this.#activities.has(key)) this.#start(key, command);
      }
    }
    this.#timers.reconcile(timers);
    for (const [key, activity] of this.#activities) {
      // Work ends by its own events; a question that is no longer open is taken back.
      if (wished.has(key) || !isQuestion(activity.command)) continue;
      activity.control.soft('abort');
      if (activity.isParked) this.#activities.delete(key);
    }
  }

  #cancel(command: Extract<Command, { type: 'cancel' }>, wished: Set<string>): void {
    const key = `attempt ${command.path}`;
    wished.add(key);
    let activity = this.#activities.get(key);
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
    else activity.control.soft('abort');
  }

  #start(key: string, command: Exclude<Command, { type: 'wake' | 'cancel' }>, stopped?: 'timeout' | 'abort'): Activity {
    const activity: Activity = { command, control: new StopControl(), isParked: false };
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
      .finally(() => this.#news());
    return activity;
  }

  #fire(timer: { readonly timer: string; readonly path: string }): void {
    this.#engine.session
      .append({ type: 'timer.fired', actor: 'engine', step: timer.path, data: { timer: timer.timer } })
      .catch((error: unknown) => {
        this.#crash ??= { error };
      })
      .finally(() => this.#news());
  }
}

function isQuestion(command: Command): boolean {
  return command.type === 'await-answer' || command.type === 'await-approval' || command.type === 'await-decision';
}
