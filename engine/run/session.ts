// One process's hold on one run: the folded state, the way in for events, and the lease. Every fact of the run passes
// here; whatever shows or reports it listens here.

import { RunbookError } from '../errors.ts';
import type { AppendRequest, Fence, Journal, LeaseHolder } from '../store/journal.ts';
import type { Clock } from './clock.ts';
import type { Draft, RunEvent } from './events.ts';
import { evolve } from './evolve.ts';
import { initialState, type RunState, type RunStatus } from './state.ts';

/** Source: design, "Leases": 30 s, renewed every 10 s; one not renewed for 20 s renews before the next effect. */
const RENEW_EVERY_MS = 10_000;
const RENEW_AGAIN_MS = 1_000;
const STALE_AFTER_MS = 20_000;
/** Logs and progress wait for the next commit, but not longer than this. */
const RIDE_ALONG_MS = 250;

export interface SessionOptions {
  readonly journal: Journal;
  readonly runId: string;
  readonly clock: Clock;
  readonly keepsOutput?: (path: string) => boolean;
}

/** Reads a run's whole journal into a state. Costs its length; needs no lease. */
export async function foldRun(options: SessionOptions): Promise<RunState> {
  const state = initialState(options.keepsOutput ? { keepsOutput: options.keepsOutput } : {});
  for await (const event of options.journal.read(options.runId)) evolve(state, event);
  if (state.created === null) {
    throw new RunbookError({
      code: 'E_RUN_UNKNOWN',
      message: `There is no run ${options.runId} in this store`,
      hint: 'runbook runs lists them',
    });
  }
  return state;
}

export class RunSession {
  readonly runId: string;
  readonly state: RunState;
  readonly #journal: Journal;
  readonly #clock: Clock;
  readonly #fence: Fence;
  readonly #listeners = new Set<(event: RunEvent) => void>();
  readonly #lost = new AbortController();
  #riding: Draft[] = [];
  #cancelRide: (() => void) | null = null;
  #sent: Promise<void> = Promise.resolve();
  #cancelRenewal: (() => void) | null = null;
  #renewedAt: { wall: number; monotonic: number };
  #renewing: Promise<void> | null = null;
  #stopWatching: () => void;
  #catchingUp: Promise<void> | null = null;
  #isBehind = false;
  #isClosed = false;

  private constructor(options: SessionOptions, fence: Fence, state: RunState) {
    this.runId = options.runId;
    this.state = state;
    this.#journal = options.journal;
    this.#clock = options.clock;
    this.#fence = fence;
    this.#renewedAt = { wall: options.clock.now(), monotonic: options.clock.monotonic() };
    this.#scheduleRenewal();
    this.#stopWatching = this.#journal.watch(this.runId, () => {
      // A failed read shows at the next append, which reports it.
      this.#catchUp().catch(() => undefined);
    });
  }

  /**
   * Takes the run's lease and folds its journal.
   * @throws E_RUN_HELD, E_RUN_UNKNOWN
   */
  static async open(options: SessionOptions & { readonly holder: LeaseHolder }): Promise<RunSession> {
    const fence = await options.journal.acquire(options.runId, options.holder);
    try {
      return new RunSession(options, fence, await foldRun(options));
    } catch (error) {
      await options.journal.release(options.runId, fence);
      throw error;
    }
  }

  /** Aborted when another process took the run over: nothing may be sent from then on. */
  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  /** Every event, in order, folded already. @returns stop. */
  listen(listener: (event: RunEvent) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Resolves when durable and folded. */
  async append(...drafts: Draft[]): Promise<void> {
    this.#sendRiding();
    await this.#send(drafts);
  }

  /**
   * The same, unless somebody said something first: `conflicts` sees every event written since this session's last,
   * inside the write transaction.
   * @returns false where one conflicts; nothing was written then, and the state is caught up.
   */
  async appendUnless(conflicts: (event: RunEvent) => boolean, ...drafts: Draft[]): Promise<boolean> {
    this.#sendRiding();
    try {
      await this.#send(drafts, (since) => {
        if (since.some(conflicts)) throw new Overtaken();
      });
      return true;
    } catch (error) {
      if (!(error instanceof Overtaken)) throw error;
      await this.#catchUp();
      return false;
    }
  }

  /** For logs and progress: durable with the next commit, which comes by itself. */
  ride(draft: Draft): void {
    if (draft.type === 'step.progress') {
      this.#riding = this.#riding.filter((other) => other.type !== 'step.progress' || other.step !== draft.step);
    }
    this.#riding.push(draft);
    this.#cancelRide ??= this.#clock.after(RIDE_ALONG_MS, () => {
      this.#sendRiding();
    });
  }

  /**
   * Called before every effect: a holder whose last renewal is too old by either clock, or whose wall clock went
   * back, proves its lease first, so that a process that was frozen sends nothing when it wakes.
   * @throws E_LEASE_LOST
   */
  async proveLease(): Promise<void> {
    if (this.#lost.signal.aborted) throw this.#lost.signal.reason;
    const wall = this.#clock.now() - this.#renewedAt.wall;
    const monotonic = this.#clock.monotonic() - this.#renewedAt.monotonic;
    if (wall >= 0 && Math.max(wall, monotonic) < STALE_AFTER_MS) return;
    await this.#renew();
  }

  /** Writes what rides along and lets the lease go. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#cancelRenewal?.();
    this.#stopWatching();
    this.#sendRiding();
    await this.#sent;
    if (!this.#lost.signal.aborted) await this.#journal.release(this.runId, this.#fence);
  }

  /**
   * In a call of its own, so that a log that cannot be kept takes nothing else with it; the store gives calls of one
   * turn one commit. Logs are not worth ending a run for: what refuses them refuses the next fact too, and says so.
   */
  #sendRiding(): void {
    const riding = this.#riding;
    this.#riding = [];
    this.#cancelRide?.();
    this.#cancelRide = null;
    if (riding.length > 0) this.#sent = this.#send(riding).catch(() => undefined);
  }

  async #send(drafts: readonly Draft[], check?: AppendRequest['check']): Promise<void> {
    if (this.#lost.signal.aborted) throw this.#lost.signal.reason;
    const status = statusAfter(drafts, this.state);
    try {
      const events = await this.#journal.append({
        runId: this.runId,
        since: this.state.seq,
        fence: this.#fence,
        drafts,
        ...(check === undefined ? {} : { check }),
        ...(status === undefined ? {} : { status }),
      });
      this.#fold(events);
    } catch (error) {
      this.#noteLoss(error);
      throw error;
    }
  }

  /** Answers of concurrent appends overlap: each event is folded once, in order. */
  #fold(events: readonly RunEvent[]): void {
    for (const event of events) {
      if (event.seq !== this.state.seq + 1) continue;
      evolve(this.state, event);
      for (const listener of this.#listeners) listener(event);
    }
  }

  /** A call during a read asks for another read after it: what came meanwhile must not wait for the next notice. */
  #catchUp(): Promise<void> {
    if (this.#catchingUp) {
      this.#isBehind = true;
      return this.#catchingUp;
    }
    this.#catchingUp = (async () => {
      do {
        this.#isBehind = false;
        await this.#readNews();
      } while (this.#isBehind);
    })().finally(() => {
      this.#catchingUp = null;
    });
    return this.#catchingUp;
  }

  async #readNews(): Promise<void> {
    if (this.#lost.signal.aborted) return;
    for await (const event of this.#journal.read(this.runId, { after: this.state.seq })) this.#fold([event]);
  }

  #scheduleRenewal(afterMs = RENEW_EVERY_MS): void {
    this.#cancelRenewal = this.#clock.after(afterMs, () => {
      this.#renew().then(
        () => {
          if (!this.#isClosed) this.#scheduleRenewal();
        },
        // A locked database for a moment is no lost lease: try again well before it runs out.
        () => {
          if (!this.#lost.signal.aborted && !this.#isClosed) this.#scheduleRenewal(RENEW_AGAIN_MS);
        },
      );
    });
  }

  #renew(): Promise<void> {
    this.#renewing ??= this.#journal
      .renew(this.runId, this.#fence)
      .then(
        () => {
          this.#renewedAt = { wall: this.#clock.now(), monotonic: this.#clock.monotonic() };
        },
        (error: unknown) => {
          this.#noteLoss(error);
          throw error;
        },
      )
      .finally(() => {
        this.#renewing = null;
      });
    return this.#renewing;
  }

  #noteLoss(error: unknown): void {
    if (error instanceof RunbookError && error.code === 'E_LEASE_LOST') this.#lost.abort(error);
  }
}

class Overtaken extends Error {}

/** What listings show after these events; undefined: as before. A run that has ended is `undoing` until that is finished. */
function statusAfter(drafts: readonly Draft[], { endedAt, outcome }: RunState): RunStatus | 'undoing' | undefined {
  let status: RunStatus | 'undoing' | undefined;
  for (const draft of drafts) {
    if (endedAt !== null) {
      if (draft.type === 'undo.started') status = 'undoing';
      else if (draft.type === 'undo.ended' && outcome !== null) status = outcome;
    } else if (draft.type === 'run.attached') status = 'running';
    else if (draft.type === 'run.paused') status = draft.data.reason === 'failed' ? 'failed' : 'waiting';
    else if (draft.type === 'run.ended') status = draft.data.outcome;
  }
  return status;
}
