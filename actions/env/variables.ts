// The shapes of an app's Clerk variables. Pure; its messages name variables and faults, never a value or a part of one.

export type VariableKind = 'secretKey' | 'publishableKey' | 'webhookSecret' | 'jwtKey' | 'url' | 'text';
export type Verdict = 'ok' | 'missing' | 'malformed' | 'exposed' | 'mismatch';
export type KeyMode = 'live' | 'test';

export interface Finding {
  readonly name: string;
  readonly verdict: Verdict;
  readonly message: string;
}

/** Bundlers put variables with these prefixes into what browsers load. */
const PUBLIC_PREFIX = /^(NEXT_PUBLIC_|VITE_|PUBLIC_|EXPO_PUBLIC_|REACT_APP_|NUXT_PUBLIC_|GATSBY_)/;
const SECRET_SHAPE = /^["'\s]*(sk_(live|test)_|whsec_|-----BEGIN [A-Z ]*PRIVATE KEY)/;

/** What a variable of this name holds in an app that uses Clerk. */
export function kindOf(name: string): VariableKind {
  if (/PUBLISHABLE_KEY$/.test(name)) return 'publishableKey';
  if (/SECRET_KEY$/.test(name)) return 'secretKey';
  if (/WEBHOOK(_SIGNING)?_SECRET$/.test(name)) return 'webhookSecret';
  if (/JWT_KEY$/.test(name)) return 'jwtKey';
  if (/_URL$/.test(name)) return 'url';
  return 'text';
}

/** Would this value be a secret under a name that reaches browsers? */
export function isExposed(name: string, value: string): boolean {
  return PUBLIC_PREFIX.test(name) && SECRET_SHAPE.test(value);
}

/** The fault of one value, or what it is. */
export function judgeValue(name: string, kind: VariableKind, value: string): Finding {
  if (isExposed(name, value)) {
    return {
      name,
      verdict: 'exposed',
      message: 'a secret under a public prefix: browsers load it. Rotate it and rename the variable',
    };
  }
  const fault = pastingFault(value, kind) ?? shapeFault(value, kind);
  if (fault !== undefined) return { name, verdict: 'malformed', message: fault };
  const mode = modeOf(value);
  return { name, verdict: 'ok', message: mode === undefined ? 'well formed' : `well formed, a ${mode} key` };
}

/** `live` or `test`, as Clerk's keys say it of themselves. */
export function modeOf(value: string): KeyMode | undefined {
  const mode = /^[ps]k_(live|test)_/.exec(value)?.[1];
  return mode === 'live' || mode === 'test' ? mode : undefined;
}

function pastingFault(value: string, kind: VariableKind): string | undefined {
  // A PEM file ends with a line break.
  if (kind !== 'jwtKey' && value.trim() !== value) return 'white space before or after the value';
  if (/^(["']).*\1$/s.test(value) || /^["']|["']$/.test(value)) return 'quotes are part of the value';
  if (kind !== 'jwtKey' && kind !== 'text' && /\s/.test(value)) return 'white space inside the value';
  return undefined;
}

function shapeFault(value: string, kind: VariableKind): string | undefined {
  switch (kind) {
    case 'secretKey':
      if (/^pk_/.test(value)) return 'a publishable key where a secret key belongs';
      return /^sk_(live|test)_\w{10,}$/.test(value) ? undefined : 'not of the form sk_live_… or sk_test_…';
    case 'publishableKey':
      return publishableKeyFault(value);
    case 'webhookSecret':
      return /^whsec_[A-Za-z0-9+/]{16,}={0,2}$/.test(value) ? undefined : 'not of the form whsec_ and base64';
    case 'jwtKey':
      return /^-----BEGIN PUBLIC KEY-----(\s|\\n)[\s\S]+-----END PUBLIC KEY-----(\s|\\n)*$/.test(value)
        ? undefined
        : 'not a PEM public key';
    case 'url':
      return URL.canParse(value) && /^https?:/.test(value) ? undefined : 'not an http or https URL';
    case 'text':
      return undefined;
  }
}

/** `pk_live_` or `pk_test_`, then base64 of the Frontend API's host followed by `$`. */
function publishableKeyFault(value: string): string | undefined {
  if (/^sk_/.test(value)) return 'a SECRET key where a publishable key belongs: rotate it if it was deployed';
  const encoded = /^pk_(?:live|test)_([A-Za-z0-9+/]+={0,2})$/.exec(value)?.[1];
  if (encoded === undefined) return 'not of the form pk_live_… or pk_test_…';
  const decoded = Buffer.from(encoded, 'base64').toString('latin1');
  return /^[a-z0-9.-]+\.[a-z0-9.-]+\$$/i.test(decoded)
    ? undefined
    : 'does not decode to a host followed by $: cut off or mistyped';
}
