// The operator at this terminal. Questions come one at a time, the tree out of the way; other people's approvals are
// not asked here: the tree says which command gives them, and the run watches for it.
import type { Actor } from '../run/events.ts';
import type { People } from '../run/people.ts';
import { askApproval } from './ask-approval.ts';
import { askConfirm } from './ask-confirm.ts';
import { askDoubt } from './ask-doubt.ts';
import { askFailure } from './ask-failure.ts';
import { askManual } from './ask-manual.ts';
import { askOutput } from './ask-output.ts';
import { askSecret } from './ask-secret.ts';
import { askTemporary } from './ask-temporary.ts';
import { type Asking, type Console, isClosed, isInterrupt, PAUSE } from './asking.ts';
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
  const { console } = options;
  /** Steps whose output was asked for with what became of them, and put off: not asked again at once. */
  const putOff = new Set<string>();
  const ask = async <R extends { readonly path: string }, T>(
    request: R,
    signal: AbortSignal,
    question: (request: R, asking: Asking) => Promise<T | typeof PAUSE>,
  ): Promise<T | typeof LATER> => {
    try {
      const answer = await options.stage.ask(signal, () => {
        console.write('');
        console.write(options.header(request.path));
        return question(request, { signal, console, actor });
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
    manual: (request, signal) => ask(request, signal, askManual),
    approval(request, signal) {
      const { by, role, limits } = request.request;
      if (by > 0 || role !== undefined) return untilClosed(signal);
      // A limit is there so that somebody looks: nobody agrees beforehand to pass it.
      if (options.confirmsAll && limits === undefined) return Promise.resolve({ kind: 'given', actor });
      return ask(request, signal, askApproval);
    },
    async failure(request, signal) {
      const answer = await ask(request, signal, askFailure);
      if (answer.kind === 'done' && request.needsOutput && answer.output === undefined) putOff.add(request.path);
      return answer;
    },
    async output(request, signal) {
      return putOff.delete(request.path) ? LATER : ask(request, signal, askOutput);
    },
    doubt: (request, signal) => ask(request, signal, askDoubt),
    secret: (request, signal) => ask(request, signal, askSecret),
    temporary(request, signal) {
      // What nobody says otherwise.
      if (options.confirmsAll) return Promise.resolve({ kind: 'undo', actor });
      return ask(request, signal, askTemporary);
    },
    confirm(request, signal) {
      if (options.confirmsAll) return Promise.resolve({ kind: 'go', actor });
      return ask(request, signal, askConfirm);
    },
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
