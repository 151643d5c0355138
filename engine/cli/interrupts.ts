// Ctrl-C: once pauses at the next safe point, twice stops at once. Nothing is lost either way: the journal is written
// as the run goes.
import { EXIT } from './exit-codes.ts';

export interface Interrupts {
  readonly pause: AbortSignal;
  /** What the first Ctrl-C does; also for a key that a prompt took. */
  request(): void;
  dispose(): void;
}

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

export function watchInterrupts(options: { readonly onFirst: () => void; readonly onSecond: () => void }): Interrupts {
  const controller = new AbortController();
  const request = (): void => {
    if (controller.signal.aborted) {
      options.onSecond();
      process.exit(EXIT.interrupted);
    }
    controller.abort();
    options.onFirst();
  };
  for (const signal of SIGNALS) process.on(signal, request);
  return {
    pause: controller.signal,
    request,
    dispose() {
      for (const signal of SIGNALS) process.off(signal, request);
    },
  };
}
