// Between a world's servers and whoever asks them: nobody is answered before the world is whole, nor once it stops. A request
// that slept meanwhile is cut, as by a process that was killed.
import type { HttpHandler } from './http/server.ts';

export interface Gate {
  /** The handler behind the gate. */
  guard(handler: HttpHandler): HttpHandler;
  open(): void;
  close(): void;
}

/** @param before Called before each request is handled. */
export function createGate(before: () => void): Gate {
  let isOpen = false;
  let isClosed = false;
  let settle: () => void = () => undefined;
  const settled = new Promise<void>((resolve) => {
    settle = resolve;
  });
  return {
    guard: (handler) => async (request) => {
      if (!isOpen) await settled;
      if (isClosed) return 'cut';
      try {
        before();
        const answer = await handler(request);
        return isClosed ? 'cut' : answer;
      } catch (error) {
        if (isClosed) return 'cut'; // What it asked for found the world's file closed.
        throw error;
      }
    },
    open: () => {
      isOpen = true;
      settle();
    },
    close: () => {
      isClosed = true;
      settle();
    },
  };
}
