// Why work under way is stopped. `soft`: no new effect starts, what is in flight settles. `hard`: in flight is cut off.

export type StopReason = 'operator' | 'abort' | 'timeout' | 'lease' | 'crash' | 'ended' | 'halted';

/** The reason an attempt's signals are aborted with. */
export class Stopped extends Error {
  readonly reason: StopReason;
  constructor(reason: StopReason) {
    super(TEXT[reason]);
    this.name = 'Stopped';
    this.reason = reason;
  }
}

const TEXT: { readonly [R in StopReason]: string } = {
  operator: 'paused by the operator',
  abort: 'the run is being aborted',
  timeout: 'the step took longer than its timeout',
  lease: 'another process took the run over',
  crash: 'the engine stopped on an error of its own',
  ended: 'its step has ended',
  halted: 'another step stopped the run: this wait starts again when the run goes on',
};

/** The two signals of one attempt. */
export class StopControl {
  readonly #soft = new AbortController();
  readonly #hard = new AbortController();
  #sleeps = 0;
  /** Told when it falls asleep. */
  onAsleep: () => void = () => undefined;

  /** True while what is under way only waits, and changes nothing. */
  get isAsleep(): boolean {
    return this.#sleeps > 0;
  }
  noteSleep(isAsleep: boolean): void {
    this.#sleeps += isAsleep ? 1 : -1;
    if (isAsleep) this.onAsleep();
  }
  get stop(): AbortSignal {
    return this.#soft.signal;
  }
  get cut(): AbortSignal {
    return this.#hard.signal;
  }
  soft(reason: StopReason): void {
    this.#soft.abort(new Stopped(reason));
  }
  hard(reason: StopReason): void {
    this.soft(reason);
    this.#hard.abort(new Stopped(reason));
  }
  /** Why it was stopped, undefined while it was not. */
  get reason(): StopReason | undefined {
    const reason: unknown = this.#soft.signal.reason;
    return reason instanceof Stopped ? reason.reason : undefined;
  }
}
