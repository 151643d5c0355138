// What went wrong where no answer came: in words, and whether the request can have left at all.
import { messageOf } from '../../engine/action.ts';

/** `fetch failed` says nothing; its cause does (ECONNREFUSED, ENOTFOUND, a certificate's fault). */
export function networkText(thrown: unknown, timeoutMs: number): string {
  if (thrown instanceof Error && thrown.name === 'TimeoutError') return `no answer within ${timeoutMs} ms`;
  const cause = thrown instanceof Error ? thrown.cause : undefined;
  if (!(cause instanceof Error)) return messageOf(thrown);
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : '';
  return [code, cause.message].filter((text) => text !== '').join(': ') || messageOf(thrown);
}

/** System calls before a connection is there. */
const CONNECTING = new Set<unknown>(['connect', 'getaddrinfo']);
/** No connection: of undici (Node's fetch), and of TLS, where the other side's certificate was not taken. */
const NOT_CONNECTED = new Set<unknown>([
  'UND_ERR_CONNECT_TIMEOUT',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

/** True where the connection was never made, so that the request certainly did not leave. */
export function isNotSent(thrown: unknown): boolean {
  if (!(thrown instanceof Error)) return false;
  // A host of several addresses: each was tried.
  if (thrown instanceof AggregateError) return thrown.errors.length > 0 && thrown.errors.every(isNotSent);
  if ('syscall' in thrown && CONNECTING.has(thrown.syscall)) return true;
  if ('code' in thrown && NOT_CONNECTED.has(thrown.code)) return true;
  return isNotSent(thrown.cause);
}
