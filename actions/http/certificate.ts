// The certificate that a server shows. fetch does not tell it, so this makes a connection of its own: a TLS handshake, over
// which nothing is sent. It goes past the gate: only for an address that the gate has just let through.
import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';

const DAY_MS = 86_400_000;

export interface Certificate {
  /** ISO time. */
  readonly validTo: string;
  /** Whole days, rounded down; negative once it is over. */
  readonly daysLeft: number;
  readonly subject: string;
  readonly issuer: string;
  /** This machine trusts it, for this name and now. */
  readonly isTrusted: boolean;
  /** OpenSSL's code where it does not: CERT_HAS_EXPIRED, SELF_SIGNED_CERT_IN_CHAIN, ERR_TLS_CERT_ALTNAME_INVALID, … */
  readonly problem?: string;
}

/** Rejects where no TLS connection could be made, with the reason of `signal` where that ends it. */
export async function readCertificate(
  { hostname, port }: URL,
  { signal, now }: { readonly signal: AbortSignal; readonly now: number },
): Promise<Certificate> {
  signal.throwIfAborted();
  const host = hostname.replace(/^\[(.*)\]$/, '$1');
  const socket = connect({
    host,
    port: port === '' ? 443 : Number(port),
    // RFC 6066: an address is no server name.
    ...(isIP(host) === 0 ? { servername: host } : {}),
    // What is not trusted is to be described too. Nothing is sent or read over it.
    rejectUnauthorized: false,
  });
  const onAbort = (): void => void socket.destroy(signal.reason instanceof Error ? signal.reason : undefined);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('secureConnect', resolve).once('error', reject);
      socket.once('close', () => reject(signal.reason ?? new Error('the connection was closed')));
    });
    return describe(socket, now);
  } finally {
    signal.removeEventListener('abort', onAbort);
    socket.destroy();
  }
}

function describe(socket: TLSSocket, now: number): Certificate {
  const { valid_to, subject, issuer } = socket.getPeerCertificate();
  const endsAt = Date.parse(valid_to);
  const problem: unknown = socket.authorizationError;
  return {
    validTo: new Date(endsAt).toISOString(),
    daysLeft: Math.floor((endsAt - now) / DAY_MS),
    subject: nameOf(subject),
    issuer: nameOf(issuer),
    isTrusted: socket.authorized,
    ...(socket.authorized ? {} : { problem: codeOf(problem) }),
  };
}

/** Typed as an Error; it is the code as text, and for a wrong name an error with a code. */
function codeOf(problem: unknown): string {
  if (problem instanceof Error)
    return 'code' in problem && typeof problem.code === 'string' ? problem.code : problem.name;
  return String(problem);
}

/** Node's types say one text a field; a name that has a field twice gives a list. */
function nameOf(name: { readonly [field: string]: string | string[] | undefined }): string {
  const texts = [name.O, name.CN].flat().filter((text) => text !== undefined);
  return [...new Set(texts)].join(', ');
}
