// The gate: while an action runs, every request of this process passes here, whoever makes it (ctx.fetch, a global
// fetch, the Clerk SDK). Outside a change only reads leave. What is not enforced (child_process, net, node:http) is
// told in ARCHITECTURE.md, "Security model".
import { AsyncLocalStorage } from 'node:async_hooks';
import { ChangeRefused } from '../action.ts';

/** What the code running now may do. */
export interface Passage {
  /** `closed`: its attempt is over; a late call is refused. */
  readonly allows: () => 'reads' | 'changes' | 'closed';
  readonly signal: AbortSignal;
  readonly requestTimeoutMs: number;
  /** Requests that are no GET and yet only read, as its action declares. `path`: prefix of the URL's path. */
  readonly reads: readonly { readonly method: string; readonly path: string }[];
  /** True for a drill: nothing but loopback is reached, whatever the environment holds. */
  readonly isLoopbackOnly: boolean;
  /** Told before a request that may change something leaves. */
  readonly onSent: () => void;
  /** Told of every refusal: a client in between may turn the error into one of its own. */
  readonly onRefused: (refusal: ChangeRefused) => void;
  /** Rejects where the lease is gone: called before every request that may change something. */
  readonly proveLease: () => Promise<void>;
}

const passages = new AsyncLocalStorage<Passage>();

/** Runs `work` so that every request in it passes the gate under `passage`. */
export function withPassage<T>(passage: Passage, work: () => Promise<T>): Promise<T> {
  return passages.run(passage, work);
}

/** True inside a change's callback. */
export function isChanging(): boolean {
  return passages.getStore()?.allows() === 'changes';
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);
const LOOPBACK_HOST = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** A fetch that obeys the passage; outside actions it is `base`. */
export function gatedFetch(base: typeof fetch): typeof fetch {
  return async (input, init) => {
    const passage = passages.getStore();
    if (!passage) return base(input, init);
    const request = describeRequest(input, init);
    const allows = passage.allows();
    passage.signal.throwIfAborted();
    if (allows === 'closed') throw refuse(passage, request, 'its step has ended');
    if (passage.isLoopbackOnly && !LOOPBACK_HOST.test(request.url.hostname)) {
      throw refuse(passage, request, 'this is a drill, which reaches nothing but this machine');
    }
    const isRead = SAFE_METHODS.has(request.method) || isDeclaredRead(passage, request);
    if (!isRead) {
      if (allows !== 'changes') {
        throw refuse(
          passage,
          request,
          'outside ctx.change and ctx.changes only reads leave, so that every effect is in the ledger',
        );
      }
      await passage.proveLease();
      passage.signal.throwIfAborted();
      passage.onSent();
    }
    const signals = [passage.signal, AbortSignal.timeout(passage.requestTimeoutMs)];
    if (init?.signal) signals.push(init.signal);
    return base(input, { ...init, signal: AbortSignal.any(signals) });
  };
}

/**
 * Puts the gate in place of the global fetch. Must run before `@clerk/backend` is imported: it captures fetch at
 * import unless NODE_ENV is `test`. @returns a function that takes it away again.
 */
export function installGate(): () => void {
  const original = globalThis.fetch;
  globalThis.fetch = gatedFetch(original);
  return () => {
    globalThis.fetch = original;
  };
}

interface RequestLine {
  readonly method: string;
  readonly url: URL;
}

function describeRequest(input: Parameters<typeof fetch>[0], init: RequestInit | undefined): RequestLine {
  const isRequest = input instanceof Request;
  const method = (init?.method ?? (isRequest ? input.method : 'GET')).toUpperCase();
  return { method, url: new URL(isRequest ? input.url : String(input)) };
}

function isDeclaredRead(passage: Passage, request: RequestLine): boolean {
  return passage.reads.some(
    (read) => read.method.toUpperCase() === request.method && request.url.pathname.startsWith(read.path),
  );
}

/** A refused request has certainly not happened: a change it belongs to counts as failed, not as unknown. */
function refuse(passage: Passage, request: RequestLine, why: string): ChangeRefused {
  const refusal = new ChangeRefused(
    `${request.method} ${request.url.origin}${request.url.pathname} was not sent: ${why}`,
  );
  passage.onRefused(refusal);
  return refusal;
}
