// The operator at this terminal. Questions come one at a time, the tree out of the way; other people's approvals are
// not asked here: the tree says which command gives them, and the run watches for it.
import type { Actor } from '../run/events.ts';
import type { People } from '../run/people.ts';
import { askApproval } from './ask-approval.ts';
import { askFailure } from './ask-failure.ts';
import { askManual } from './ask-manual.ts';
import { type Console, isClosed, isInterrupt, PAUSE } from './asking.ts';
import type { Stage } from './stage.ts';

export interface TerminalPeopleOptions {
  readonly stage: Stage;
  readonly console: Console;
  readonly operator: string;
  /** The line over a question about this step. */
  readonly header: (path: string) => string;
  /** The operator wants the run to pause, by choice or by Ctrl-C. */
  readonly onPause: () => void;
  /** Takes defaults and own confirmations without asking. */
  readonly confirmsAll: boolean;
}

const LATER = { kind: 'later' } as const;

export function createTerminalPeople(options: TerminalPeopleOptions): People {
  const actor: Actor = `person:${options.operator}`;
  const ask = async <T>(
    path: string,
    signal: AbortSignal,
    question: () => Promise<T | typeof PAUSE>,
  ): Promise<T | typeof LATER> => {
    try {
      const answer = await options.stage.ask(signal, () => {
        options.console.write('');
        options.console.write(options.header(path));
        return question();
      });
      if (answer === null) return LATER;
      if (!isPause(answer)) return answer;
      options.onPause();
    } catch (error) {
      if (isInterrupt(error)) options.onPause();
      else if (!isClosed(error)) throw error;
    }
    return LATER;
  };
  return {
    manual: (request, signal) =>
      ask(request.path, signal, () => askManual(request, { signal, console: options.console, actor })),
    approval(request, signal) {
      const { by, role } = request.request;
      if (by > 0 || role !== undefined) return untilClosed(signal);
      if (options.confirmsAll) return Promise.resolve({ kind: 'given', actor });
      return ask(request.path, signal, () => askApproval(request, { signal, console: options.console, actor }));
    },
    failure: (request, signal) =>
      ask(request.path, signal, () => askFailure(request, { signal, console: options.console, actor })),
  };
}

function isPause(answer: unknown): answer is typeof PAUSE {
  return answer === PAUSE;
}

/** Somebody else answers, in another process: the engine aborts the signal then. */
function untilClosed(signal: AbortSignal): Promise<typeof LATER> {
  if (signal.aborted) return Promise.resolve(LATER);
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(LATER), { once: true }));
}
