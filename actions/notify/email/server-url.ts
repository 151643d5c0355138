// SMTP_URL: which mail server, and how its connection is kept secret. No message holds the address itself, for it holds the
// password.
import { PermanentFailure } from '../../../engine/action.ts';

export interface MailServer {
  readonly host: string;
  readonly port: number;
  /** `smtps:`; else by STARTTLS. */
  readonly isTlsFromStart: boolean;
  /** No mail leaves where it cannot be had. */
  readonly requiresTls: boolean;
  readonly isLoopback: boolean;
  readonly auth?: { readonly user: string; readonly pass: string };
  /** Without credentials, for messages: `mail.example.com:587`. */
  readonly name: string;
}

/** RFC 8314, 3.3 and 7.3: 465 with TLS from the start, 587 for submission with STARTTLS. */
const PORTS = { 'smtp:': 587, 'smtps:': 465 } as const;
/** As the gate's: nothing else is reached in a drill. */
const LOOPBACK_HOST = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;
const FORM = 'smtp://USER:PASSWORD@HOST:PORT (STARTTLS) or smtps://… (TLS from the start)';

/** @throws PermanentFailure */
export function parseSmtpUrl(text: string): MailServer {
  const url = URL.parse(text);
  const scheme = url?.protocol;
  if (url === null || (scheme !== 'smtp:' && scheme !== 'smtps:') || url.hostname === '') {
    throw new PermanentFailure(`The address of the mail server is not of the form ${FORM}`);
  }
  const unknown = [...url.searchParams.keys()].filter((key) => key !== 'tls');
  if (unknown.length > 0) {
    throw new PermanentFailure(`The address of the mail server says ${unknown.join(', ')}; it can say ?tls=none alone`);
  }
  const isLoopback = LOOPBACK_HOST.test(url.hostname);
  const isPlain = isPlainWanted(url.searchParams.get('tls'), scheme);
  const auth = credentialsOf(url);
  if (isPlain && auth !== undefined && !isLoopback) {
    throw new PermanentFailure(
      'The mail server has ?tls=none and a password, which would cross the network in the clear',
    );
  }
  const port = url.port === '' ? PORTS[scheme] : Number(url.port);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port,
    isTlsFromStart: scheme === 'smtps:',
    requiresTls: !isPlain && !isLoopback,
    isLoopback,
    ...(auth === undefined ? {} : { auth }),
    name: `${url.hostname}:${port}`,
  };
}

function isPlainWanted(said: string | null, scheme: string): boolean {
  if (said === null) return false;
  if (said === 'none' && scheme === 'smtp:') return true;
  throw new PermanentFailure('`tls` in the address of the mail server can be `none` alone, with smtp://');
}

function credentialsOf({ username, password }: URL): MailServer['auth'] {
  if (username === '') return undefined;
  try {
    return { user: decodeURIComponent(username), pass: decodeURIComponent(password) };
  } catch {
    throw new PermanentFailure(
      'The name or password in the address of the mail server is not percent-encoded as in a URL',
    );
  }
}
