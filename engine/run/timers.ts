// The timers of one process. Wished by decide, started anew at resume, and turned into events when they fire.
import type { Clock } from './clock.ts';
import type { Command } from './commands.ts';

const LOOK_AGAIN_MS = 60_000;

type Wake = Extract<Command, { type: 'wake' }>;

export class Timers {
  readonly #clock: Clock;
  readonly #onFire: (timer: Wake) => void;
  readonly #running = new Map<
    string,
    { readonly cancel: () => void; readonly startedAt: number; readonly wake: Wake }
  >();
  /** Milliseconds that a timer which accumulates has run before it was put aside. */
  readonly #used = new Map<string, number>();
  readonly #fired = new Set<string>();

  constructor(clock: Clock, onFire: (timer: Wake) => void) {
    this.#clock = clock;
    this.#onFire = onFire;
  }

  /** Those that move the run on; an announcement is nothing to stay for. */
  get moving(): number {
    let count = 0;
    for (const { wake } of this.#running.values()) if (wake.at === undefined) count += 1;
    return count;
  }

  reconcile(wishes: readonly Wake[]): void {
    const wished = new Set(wishes.map((wake) => wake.timer));
    for (const [name, timer] of this.#running) if (!wished.has(name)) this.#putAside(name, timer.wake);
    for (const wake of wishes) if (!this.#running.has(wake.timer) && !this.#fired.has(wake.timer)) this.#start(wake);
  }

  clear(): void {
    for (const [name, timer] of this.#running) this.#putAside(name, timer.wake);
  }

  #start(wake: Wake): void {
    const left = wake.at === undefined ? wake.afterMs - (this.#used.get(wake.timer) ?? 0) : wake.at - this.#clock.now();
    // A sleeping machine's timers stand still, its wall clock does not: one by the wall clock looks again now and then.
    const afterMs = wake.at === undefined ? left : Math.min(left, LOOK_AGAIN_MS);
    const cancel = this.#clock.after(Math.max(0, afterMs), () => {
      this.#running.delete(wake.timer);
      if (left > afterMs) return this.#start(wake);
      this.#fired.add(wake.timer);
      this.#onFire(wake);
    });
    this.#running.set(wake.timer, { cancel, startedAt: this.#clock.monotonic(), wake });
  }

  #putAside(name: string, wake: Wake): void {
    const timer = this.#running.get(name);
    if (!timer) return;
    timer.cancel();
    this.#running.delete(name);
    if (wake.accumulates) this.#used.set(name, (this.#used.get(name) ?? 0) + this.#clock.monotonic() - timer.startedAt);
  }
}
