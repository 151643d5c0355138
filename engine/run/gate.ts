// The gate: while an action runs, every request of this process passes here, whoever makes it (ctx.fetch, a global
// fetch, the Clerk SDK). Outside a change only reads leave. What is not enforced (child_process, net, node:http) is
// told in ARCHITECTURE.md, "Security model".
import { AsyncLocalStorage } from 'node:async_hooks';
import { ChangeRefused } from '../action.ts';
import { RunbookError } from '../errors.ts';
import { type AdmitSocket, gatedEventSource, gatedWebSocket } from './gated-sockets.ts';

/**
 * `path`: that very path, or, where it ends with a slash, everything below it, on any host. `address`: that origin and path,
 * with any query.
 */
export type AllowedRead = { readonly method: string } & (
  | { readonly path: string; readonly address?: never }
  | { readonly address: string; readonly path?: never }
);

/** What the code running now may do. */
export interface Passage {
  /** `settled`: its change has an outcome, or its action has ended. `closed`: its attempt is over. Late calls are refused. */
  readonly allows: () => 'reads' | 'changes' | 'settled' | 'closed';
  readonly signal: AbortSignal;
  readonly requestTimeoutMs: number;
  /** Requests that are no GET and yet only read, as its action declares. */
  readonly reads: readonly AllowedRead[];
  /** True for a drill: nothing but loopback is reached, whatever the environment holds. */
  readonly isLoopbackOnly: boolean;
  /** Told before a request that may change something leaves. */
  readonly onSent: () => void;
  /** Told of every refusal: a client in between may turn the error into one of its own. */
  readonly onRefused: (refusal: Error) => void;
  /** Rejects where the lease is gone: called before every request that may change something. */
  readonly proveLease: () => Promise<void>;
}

const passages = new AsyncLocalStorage<Passage>();

/** Runs `work` so that every request in it passes the gate under `passage`. */
export function withPassage<T>(passage: Passage, work: () => Promise<T>): Promise<T> {
  return passages.run(passage, work);
}

/** True where a request would pass the gate under some passage, or be refused by it. */
export function isGuarded(): boolean {
  return passages.getStore() !== undefined;
}

/** What the code running now may do, for a gate of another kind; undefined outside any action. */
export function currentPassage(): Passage | undefined {
  return passages.getStore();
}

/** True inside a change's callback. */
export function isChanging(): boolean {
  return passages.getStore()?.allows() === 'changes';
}

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);
const LOOPBACK_HOST = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;
/** Some servers take these for slashes, and then resolve the dots around them. */
const ENCODED_SLASH = /%2f|%5c/i;
const FOLLOWED_METHODS = new Set(['GET', 'HEAD']);
/** WHATWG Fetch, "redirect status". */
const REDIRECT_STATUSES = new Set([301, 302, 303, 307, 308]);
const MAX_REDIRECTS = 10;
const OUTSIDE_A_CHANGE = 'outside ctx.change and ctx.changes only reads leave, so that every effect is in the ledger';
/** Headers meant for one origin; the list of undici, Node's fetch. */
const ORIGIN_HEADERS = ['authorization', 'proxy-authorization', 'cookie', 'host'];

/**
 * A fetch that obeys the passage; outside actions it is `base`. Redirects of GET and HEAD are followed here, each hop
 * through the same checks; any other request is never sent on: its caller gets the 3xx answer, and decides.
 *
 * Of a followed answer `url` is where it came from and `redirected` is true (not on a `clone()` of it). Hops after the
 * first keep the method, the headers and what `init` says, not the other fields of a Request (cache, integrity).
 * @throws ChangeRefused where a request certainly did not leave; TypeError as fetch does.
 */
export function gatedFetch(base: typeof fetch): typeof fetch {
  return async (input, init) => {
    const passage = passages.getStore();
    if (!passage) return base(input, init);
    const call = describeCall(input, init, passage);
    await admit(passage, call);
    // An address is copied: its holder may alter it while the lease is proved. A Request cannot be altered.
    const response = await base(input instanceof Request ? input : call.url.href, call.init);
    return call.isFollowing ? followRedirects(base, passage, call, response) : response;
  };
}

/**
 * Puts the gate in place of the global fetch, WebSocket and EventSource. Must run before `@clerk/backend` is imported: it
 * captures fetch at import unless NODE_ENV is `test`. @returns a function that takes it away again.
 */
export function installGate(): () => void {
  const original = globalThis.fetch;
  globalThis.fetch = gatedFetch(original);
  const restore = [
    replaceGlobal('WebSocket', (base: typeof WebSocket) => gatedWebSocket(base, admitSocket)),
    replaceGlobal('EventSource', (base: typeof EventSource) => gatedEventSource(base, admitSocket)),
  ];
  return () => {
    globalThis.fetch = original;
    for (const put of restore) put();
  };
}

/** Node loads these classes when they are first named, which must not cost every command its time. */
function replaceGlobal<T>(name: string, gate: (base: T) => T): () => void {
  const plain = Object.getOwnPropertyDescriptor(globalThis, name);
  if (plain === undefined) return () => undefined;
  let gated: T | undefined;
  const get = (): T => {
    // By its name it is of this type.
    gated ??= gate((plain.get === undefined ? plain.value : plain.get.call(globalThis)) as T);
    return gated;
  };
  const set = (value: T): void => {
    gated = value;
  };
  Object.defineProperty(globalThis, name, { configurable: true, enumerable: plain.enumerable ?? false, get, set });
  return () => void Object.defineProperty(globalThis, name, plain);
}

type FetchResponse = Awaited<ReturnType<typeof fetch>>;

interface RequestLine {
  readonly method: string;
  readonly url: URL;
  /** Of a connection that is opened, not of what is sent. */
  readonly isOpening?: boolean;
}

/** A request as it is checked and sent; nothing of it is read from the caller's objects again. */
interface Call extends RequestLine {
  readonly init: RequestInit;
  readonly headers: Headers;
  readonly isFollowing: boolean;
}

function describeCall(input: Parameters<typeof fetch>[0], init: RequestInit | undefined, passage: Passage): Call {
  const request = input instanceof Request ? input : undefined;
  const given = copyOf(init);
  const method = (given.method ?? request?.method ?? 'GET').toUpperCase();
  const redirect = given.redirect ?? request?.redirect ?? 'follow';
  const headers = new Headers(given.headers ?? request?.headers);
  return {
    method,
    url: parseUrl(request?.url ?? String(input)),
    init: {
      ...given,
      ...(given.headers === undefined ? {} : { headers }),
      redirect: redirect === 'follow' ? 'manual' : redirect,
      signal: signalOf(passage, given.signal === undefined ? request?.signal : given.signal),
    },
    headers,
    isFollowing: redirect === 'follow' && FOLLOWED_METHODS.has(method),
  };
}

/** Unlike a spread it sees getters too: options may be a Request themselves. */
function copyOf(init: RequestInit | undefined): RequestInit {
  if (!(init instanceof Request)) return { ...init };
  const { method, headers, body, redirect, signal } = init;
  return { method, headers, body, redirect, signal, duplex: 'half' };
}

/** The error of `new URL` carries the whole text, and with it what is secret in it. */
function parseUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null) throw new TypeError('the address of a request is not a valid absolute URL');
  return url;
}

/** One time limit for a request and all its hops. */
function signalOf(passage: Passage, own: AbortSignal | null | undefined): AbortSignal {
  const signals = [passage.signal, AbortSignal.timeout(passage.requestTimeoutMs)];
  if (own) signals.push(own);
  return AbortSignal.any(signals);
}

/** Resolves where the request may leave. */
async function admit(passage: Passage, request: RequestLine): Promise<void> {
  assertOpen(passage, request);
  passage.signal.throwIfAborted();
  assertReachable(passage, request);
  if (SAFE_METHODS.has(request.method) || isDeclaredRead(passage, request)) return;
  if (passage.allows() !== 'changes') {
    throw refuse(passage, request, OUTSIDE_A_CHANGE);
  }
  await passage.proveLease();
  assertOpen(passage, request);
  passage.signal.throwIfAborted();
  passage.onSent();
}

/** The lease is not proved here, for nothing here can wait: it was when the change began. */
const admitSocket: AdmitSocket = ({ name, address, to }) => {
  const passage = passages.getStore();
  if (!passage) return undefined;
  const request: RequestLine = { method: name, url: parseUrl(address), isOpening: to !== 'send' };
  assertOpen(passage, request);
  passage.signal.throwIfAborted();
  assertReachable(passage, request);
  if (to === 'listen') return passage.signal;
  if (passage.allows() !== 'changes') {
    const refusal = new RunbookError({
      code: 'E_GATE_SOCKET',
      message: refusalText(request, OUTSIDE_A_CHANGE),
      hint: 'Open it, and send by it, inside ctx.change',
    });
    passage.onRefused(refusal);
    throw refusal;
  }
  passage.onSent();
  return passage.signal;
};

function assertOpen(passage: Passage, request: RequestLine): void {
  const allows = passage.allows();
  if (allows === 'closed') throw refuse(passage, request, 'its step has ended');
  if (allows === 'settled') throw refuse(passage, request, 'the change or the action that started it has ended');
}

function assertReachable(passage: Passage, request: RequestLine): void {
  if (passage.isLoopbackOnly && !LOOPBACK_HOST.test(request.url.hostname)) {
    throw refuse(passage, request, 'this is a drill, which reaches nothing but this machine');
  }
  // fetch refuses it too, with a message that tells them.
  if (hasCredentials(request.url)) {
    throw refuse(passage, request, 'its address holds a name or password; give them in a header');
  }
}

async function followRedirects(
  base: typeof fetch,
  passage: Passage,
  call: Call,
  first: FetchResponse,
): Promise<FetchResponse> {
  let response = first;
  let { url } = call;
  for (let hops = 0; ; hops++) {
    const location = locationOf(response);
    if (location === undefined) return hops === 0 ? response : markRedirected(response);
    await discard(response);
    if (hops === MAX_REDIRECTS) {
      throw new TypeError(`${lineOf(call)} was answered with more than ${MAX_REDIRECTS} redirects`);
    }
    const next = redirectTarget({ method: call.method, url }, location);
    if (next.origin !== url.origin) for (const name of ORIGIN_HEADERS) call.headers.delete(name);
    url = next;
    await admit(passage, { method: call.method, url });
    response = await base(url.href, { ...call.init, method: call.method, headers: call.headers });
  }
}

function locationOf(response: FetchResponse): string | undefined {
  return REDIRECT_STATUSES.has(response.status) ? (response.headers.get('location') ?? undefined) : undefined;
}

function redirectTarget(from: RequestLine, location: string): URL {
  // Headers come as Latin-1, and servers write addresses in UTF-8.
  const target = URL.parse(Buffer.from(location, 'latin1').toString('utf8'), from.url.href);
  if (target !== null && /^https?:$/.test(target.protocol) && !hasCredentials(target)) return target;
  throw new TypeError(`${lineOf(from)} was redirected to an address that is no plain http or https URL`);
}

function hasCredentials(url: URL): boolean {
  return url.username !== '' || url.password !== '';
}

/** Frees the connection; that a body nobody reads broke off is of no interest. */
async function discard(response: FetchResponse): Promise<void> {
  await response.body?.cancel().catch(() => undefined);
}

function markRedirected(response: FetchResponse): FetchResponse {
  return Object.defineProperty(response, 'redirected', { value: true });
}

function isDeclaredRead(passage: Passage, { method, url }: RequestLine): boolean {
  return passage.reads.some((read) => {
    if (read.method.toUpperCase() !== method) return false;
    return read.path === undefined ? read.address === addressOf(url) : holdsPath(read.path, url.pathname);
  });
}

/** What an address is compared by. */
export function addressOf({ origin, pathname }: URL): string {
  return `${origin}${pathname}`;
}

function holdsPath(declared: string, path: string): boolean {
  if (!declared.endsWith('/')) return path === declared;
  return path.startsWith(declared) && !ENCODED_SLASH.test(path);
}

/** What an error may say of a request: credentials and queries may hold secrets. */
function lineOf({ method, url }: RequestLine): string {
  return `${method} ${url.origin}${url.pathname}`;
}

/** A refused request has certainly not happened: a change it belongs to counts as failed, not as unknown. */
function refuse(passage: Passage, request: RequestLine, why: string): ChangeRefused {
  const refusal = new ChangeRefused(refusalText(request, why));
  passage.onRefused(refusal);
  return refusal;
}

function refusalText(request: RequestLine, why: string): string {
  return `${lineOf(request)} was not ${request.isOpening === true ? 'opened' : 'sent'}: ${why}`;
}
