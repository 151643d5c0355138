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

/**
 * Where it broke. `dns`: the name has no address. `refused`: nobody listens there. `unreachable`: no way to that host.
 * `tls`: no trust in the certificate, or no agreement on a connection. `timeout`: too late, connected or not. `reset`: the
 * connection broke off.
 */
export const NETWORK_FAULTS = ['dns', 'refused', 'unreachable', 'tls', 'timeout', 'reset', 'other'] as const;
export type NetworkFault = (typeof NETWORK_FAULTS)[number];

/** By the codes of Node's system errors, of undici (its fetch) and of OpenSSL. */
const FAULT_BY_CODE: readonly (readonly [RegExp, NetworkFault])[] = [
  [/^(ENOTFOUND|EAI_\w+|ENODATA|ESERVFAIL)$/, 'dns'],
  [/^ECONNREFUSED$/, 'refused'],
  [/^(EHOSTUNREACH|ENETUNREACH|EHOSTDOWN|ENETDOWN|EADDRNOTAVAIL|EACCES|EPERM)$/, 'unreachable'],
  [/^(ETIMEDOUT|UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT)$/, 'timeout'],
  [/^(ECONNRESET|ECONNABORTED|EPIPE|UND_ERR_SOCKET)$/, 'reset'],
  [/^(ERR_TLS_|ERR_SSL_|CERT_|CRL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA|EPROTO$)/, 'tls'],
];

/** Told from what `fetch` threw, or what broke off the reading of a body. */
export function networkFaultOf(thrown: unknown): NetworkFault {
  if (!(thrown instanceof Error)) return 'other';
  if (thrown.name === 'TimeoutError') return 'timeout';
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : '';
  const known = FAULT_BY_CODE.find(([pattern]) => pattern.test(code))?.[1];
  if (known !== undefined) return known;
  // A host of several addresses: each was tried, and the first says as much as any.
  const inner = thrown instanceof AggregateError ? thrown.errors[0] : thrown.cause;
  return inner === undefined ? 'other' : networkFaultOf(inner);
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
