// The shapes of an app's Clerk variables. Pure; its texts name variables, faults and hosts, never a value or a part of one.
import { createPublicKey } from 'node:crypto';

export type VariableKind = 'secretKey' | 'publishableKey' | 'webhookSecret' | 'jwtKey' | 'url' | 'text';
export type Verdict =
  | 'ok'
  | 'missing'
  | 'malformed'
  | 'exposed'
  | 'mismatch'
  | 'refused'
  | 'bypass'
  | 'unreadable'
  | 'not-asked';
export type Severity = 'fault' | 'warning' | 'info';
export type KeyMode = 'live' | 'test';

export interface Finding {
  readonly name: string;
  readonly verdict: Verdict;
  readonly severity: Severity;
  readonly text: string;
}

export function fault(name: string, verdict: Verdict, text: string): Finding {
  return { name, verdict, severity: 'fault', text };
}

export function fine(name: string, text: string): Finding {
  return { name, verdict: 'ok', severity: 'info', text };
}

/** Bundlers put variables with these prefixes into what browsers load. */
const PUBLIC_PREFIX = /^(NEXT_PUBLIC_|VITE_|PUBLIC_|EXPO_PUBLIC_|REACT_APP_|NUXT_PUBLIC_|GATSBY_)/;
/** Keys of Clerk, webhook secrets, private keys, and addresses that hold a password. */
const SECRET_SHAPE =
  /^["'\s]*(sk_(live|test)_|whsec_|-----BEGIN [A-Z ]*PRIVATE KEY|[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:[^\s/@]+@)/i;
/** What is so called is no matter for browsers, whatever it holds. */
const SECRET_NAME = /(SECRET_KEY|_SECRET|PASSWORD|PRIVATE_KEY|ENCRYPTION_KEY)$/;

/** What a variable of this name holds in an app that uses Clerk. */
export function kindOf(name: string): VariableKind {
  if (/CLERK_PUBLISHABLE_KEY$/.test(name)) return 'publishableKey';
  if (/CLERK_SECRET_KEY$/.test(name)) return 'secretKey';
  // Other senders' secrets (STRIPE_WEBHOOK_SECRET) have forms of their own.
  if (/^(?:.*CLERK_)?WEBHOOK(?:_SIGNING)?_SECRET$/.test(name)) return 'webhookSecret';
  if (/CLERK_JWT_KEY$/.test(name)) return 'jwtKey';
  // Clerk's CLERK_SIGN_IN_URL and their like may be paths of the app.
  if (/CLERK_(API|PROXY|FRONTEND_API)_URL$/.test(name)) return 'url';
  return 'text';
}

/** Does the value of such a variable reach browsers? */
export function isPublic(name: string): boolean {
  return PUBLIC_PREFIX.test(name);
}

/** Would this value be a secret under a name that reaches browsers? */
export function isExposed(name: string, value: string): boolean {
  if (!isPublic(name) || value === '') return false;
  return SECRET_SHAPE.test(value) || (SECRET_NAME.test(name) && !/^pk_/.test(value));
}

/** The fault of one value, or what it is. */
export function judgeValue(name: string, kind: VariableKind, value: string): Finding {
  if (isExposed(name, value)) {
    const text = 'a secret under a public prefix: browsers load it. Replace the secret and rename the variable';
    return fault(name, 'exposed', text);
  }
  if (/^(NEXT_PUBLIC_)?CLERK_EMERGENCY_BYPASS$/.test(name) && isTruthy(value)) {
    return fault(name, 'bypass', 'an emergency bypass without an end: authentication may be off. Remove it');
  }
  const wrong = pastingFault(value, kind) ?? shapeFault(value, kind);
  if (wrong !== undefined) return fault(name, 'malformed', wrong);
  const mode = modeOf(value);
  const host = kind === 'publishableKey' ? hostOf(value) : undefined;
  const key = mode === undefined ? '' : `, a ${mode} key${host === undefined ? '' : ` of ${host}`}`;
  return fine(name, `${kind === 'text' ? 'set' : 'well formed'}${key}`);
}

/** `live` or `test`, as Clerk's keys say it of themselves. */
export function modeOf(value: string): KeyMode | undefined {
  const mode = /^[ps]k_(live|test)_/.exec(value)?.[1];
  return mode === 'live' || mode === 'test' ? mode : undefined;
}

/** The Frontend API's host in a publishable key: `pk_live_` or `pk_test_`, then base64 of the host followed by `$`. */
export function hostOf(value: string): string | undefined {
  const encoded = /^pk_(?:live|test)_([A-Za-z0-9+/]+={0,2})$/.exec(value)?.[1];
  if (encoded === undefined) return undefined;
  const decoded = Buffer.from(encoded, 'base64').toString('latin1');
  return /^[a-z0-9.-]+\.[a-z0-9.-]+\$$/i.test(decoded) ? decoded.slice(0, -1).toLowerCase() : undefined;
}

/**
 * The modulus of an RSA public key, read as `@clerk/backend` 3.25.0 does (`loadClerkJwkFromPem`): line ends and the first
 * and last line are taken off, and nothing else.
 * @returns undefined where that gives no key.
 */
export function modulusOf(pem: string): string | undefined {
  const body = pem.replace(/\r\n|\n|\r/g, '').replace(/-----(BEGIN|END) PUBLIC KEY-----/g, '');
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(body)) return undefined;
  try {
    const key = createPublicKey({ key: Buffer.from(body, 'base64'), format: 'der', type: 'spki' });
    return key.asymmetricKeyType === 'rsa' ? key.export({ format: 'jwk' }).n : undefined;
  } catch {
    return undefined;
  }
}

function isTruthy(value: string): boolean {
  return !['', '0', 'false', 'off', 'no'].includes(value.trim().toLowerCase());
}

function pastingFault(value: string, kind: VariableKind): string | undefined {
  // A PEM file ends with a line break.
  if (kind !== 'jwtKey' && value.trim() !== value) return 'white space before or after the value';
  if (/^(["'`]).*\1$/s.test(value) || /^["'`]|["'`]$/.test(value)) return 'quotes are part of the value';
  if (kind !== 'jwtKey' && kind !== 'text' && /\s/.test(value)) return 'white space inside the value';
  return undefined;
}

function shapeFault(value: string, kind: VariableKind): string | undefined {
  switch (kind) {
    case 'secretKey':
      if (/^pk_/.test(value)) return 'a publishable key where a secret key belongs';
      if (/^whsec_/.test(value)) return "a webhook's secret where a secret key belongs";
      return /^sk_(live|test)_\w{10,}$/.test(value) ? undefined : 'not of the form sk_live_… or sk_test_…';
    case 'publishableKey':
      return publishableKeyFault(value);
    case 'webhookSecret':
      return isWebhookSecret(value) ? undefined : 'not of the form whsec_ and base64';
    case 'jwtKey':
      return jwtKeyFault(value);
    case 'url':
      return URL.canParse(value) && /^https?:/.test(value) ? undefined : 'not an http or https URL';
    case 'text':
      return undefined;
  }
}

function publishableKeyFault(value: string): string | undefined {
  if (/^sk_/.test(value)) return 'a SECRET key where a publishable key belongs: replace it if it was deployed';
  if (!/^pk_(?:live|test)_[A-Za-z0-9+/]+={0,2}$/.test(value)) return 'not of the form pk_live_… or pk_test_…';
  return hostOf(value) === undefined ? 'does not decode to a host followed by $: cut off or mistyped' : undefined;
}

/** Base64 as it is written, with or without its padding: a text that was cut seldom comes back the same. */
function isWebhookSecret(value: string): boolean {
  const encoded = /^whsec_([A-Za-z0-9+/]{16,}={0,2})$/.exec(value)?.[1]?.replace(/=+$/, '');
  return encoded !== undefined && Buffer.from(encoded, 'base64').toString('base64').replace(/=+$/, '') === encoded;
}

function jwtKeyFault(value: string): string | undefined {
  if (/PRIVATE KEY-----/.test(value)) return 'a PRIVATE key where the public one belongs';
  if (modulusOf(value) !== undefined) return undefined;
  const isPem = /-----BEGIN PUBLIC KEY-----/.test(value);
  if (isPem && value.includes('\\n')) {
    return 'line ends are written as the two characters \\n, which @clerk/backend does not read as such';
  }
  return isPem ? 'a PEM public key that is no RSA key: cut off or mistyped' : 'not a PEM public key';
}
