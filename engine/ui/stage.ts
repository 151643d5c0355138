// Who has the terminal: the tree, or one question at a time.

export interface Stage {
  /**
   * Runs `question` alone, the tree out of the way; later ones wait their turn.
   * @returns null without asking where `signal` aborted while it waited.
   */
  ask<T>(signal: AbortSignal, question: () => Promise<T>): Promise<T | null>;
}

export interface StageOptions {
  readonly hide: () => Promise<void>;
  readonly show: () => void;
}

export function createStage(options: StageOptions): Stage {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return {
    ask(signal, question) {
      waiting += 1;
      const turn = last.then(async () => {
        waiting -= 1;
        if (signal.aborted) return null;
        await options.hide();
        try {
          return await question();
        } finally {
          if (waiting === 0) options.show();
        }
      });
      last = turn.catch(() => undefined);
      return turn;
    },
  };
}
