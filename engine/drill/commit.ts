// The one way by which a world changes. A line of the file may bring several changes: each is folded in and told before the
// next, so that whoever follows sees the world as that very change left it.
import { type Mutation, unfold } from './state/mutation.ts';

export interface Commits {
  /** When it returns, the mutation is in the file and folded in. A listener's own is folded in at once, before the rest. */
  commit(mutation: Mutation): void;
  onCommit(listener: (mutation: Mutation) => void): void;
  /** Calls back when a line, and what listeners wrote because of it, is folded in as a whole. */
  onSettled(listener: () => void): void;
}

export function createCommits(append: (mutation: Mutation) => void, fold: (mutation: Mutation) => void): Commits {
  const listeners: ((mutation: Mutation) => void)[] = [];
  const settled: (() => void)[] = [];
  let depth = 0;

  const tell = (mutation: Mutation): unknown[] => {
    const failures: unknown[] = [];
    for (const one of unfold(mutation)) {
      fold(one);
      try {
        for (const listener of listeners) listener(one);
      } catch (error) {
        failures.push(error); // The rest of the line is in the file already: it is folded in all the same.
      }
    }
    return failures;
  };

  return {
    commit: (mutation) => {
      append(mutation);
      depth += 1;
      const failures = tell(mutation);
      depth -= 1;
      if (failures.length > 0) throw failures[0];
      if (depth === 0) for (const listener of settled) listener();
    },
    onCommit: (listener) => {
      listeners.push(listener);
    },
    onSettled: (listener) => {
      settled.push(listener);
    },
  };
}
