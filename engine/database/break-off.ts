// An end to waiting. Drivers tell the end of a connection in time, late or never; whoever waits through this is told at once.

export interface BreakOff {
  /** The same promise, rejected where the work is broken off first. */
  until<T>(promise: Promise<T>): Promise<T>;
  isBroken(): boolean;
  now(reason: unknown): void;
}

/** Holds on to nothing that is over: a race against one promise that lives as long as the work would. */
export function createBreakOff(): BreakOff {
  const waiting = new Set<(reason: unknown) => void>();
  let broken: { readonly reason: unknown } | undefined;
  return {
    until: (promise) => {
      if (broken !== undefined) {
        promise.catch(() => undefined);
        return Promise.reject(broken.reason);
      }
      return new Promise((resolve, reject) => {
        waiting.add(reject);
        const end = (): boolean => waiting.delete(reject);
        promise.then(
          (value) => {
            end();
            resolve(value);
          },
          (thrown: unknown) => {
            end();
            reject(thrown);
          },
        );
      });
    },
    isBroken: () => broken !== undefined,
    now(reason) {
      broken ??= { reason };
      for (const reject of [...waiting]) reject(reason);
      waiting.clear();
    },
  };
}
