// Replaces secrets in text and JSON before they are written or shown: the values of named secrets in the forms they
// travel in, and whatever has the shape of one. What stands instead is a marker that can be recognised later, so that
// it never flows on as if it were the value.
import { isJsonObject, type Json } from './json.ts';
import type { Redactor } from './store/journal.ts';

/** Shorter values are not looked for by name: they would be found in innocent text. */
const SHORTEST_SECRET = 8;
/** Lines of a many-line secret (a private key, a service account) from this length on are secrets by themselves. */
const SHORTEST_SECRET_LINE = 16;

/** Shapes of secrets. A `look` finds text cheaply that may hold one; without it the pattern is not tried. */
const SHAPES = [
  // user:password@ in a URL. First of all, so that one that only begins with a named value is
  // hidden whole; a marker may stand there already.
  {
    name: 'password',
    look: '://',
    pattern: String.raw`(?<=:\/\/[^\s:@/]{0,256}:)(?!\[redacted:[^\]]*\]@)[^\s@/]+(?=@)`,
  },
  // Clerk and Stripe secret keys; Svix and Stripe signing secrets.
  { name: 'sk', look: 'sk_', pattern: 'sk_(?:live|test)_[A-Za-z0-9_=-]{6,}' },
  { name: 'whsec', look: 'whsec_', pattern: 'whsec_[A-Za-z0-9+/=_-]{8,}' },
  { name: 'jwt', look: 'eyJ', pattern: String.raw`eyJ[A-Za-z0-9_-]{5,2048}\.[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]*` },
  // RFC 6750's token68; prose ("bearer authentication") has neither a digit nor twenty letters in a row.
  {
    name: 'bearer',
    look: 'earer',
    pattern: String.raw`(?<=\b[Bb]earer[ \t]{1,8})(?=[A-Za-z._~+/-]*[0-9]|[A-Za-z._~+/-]{20})[A-Za-z0-9._~+/-]{8,}=*`,
  },
  { name: 'bearer', look: 'EARER', pattern: String.raw`(?<=\bBEARER[ \t]{1,8})[A-Za-z0-9._~+/-]{8,}=*` },
  // One whose end was cut off is hidden to the end of the text.
  {
    name: 'private-key',
    look: '-----BEGIN ',
    pattern:
      '-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[^]*?(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|$)',
  },
] as const;

const MARKER = /\[redacted:[A-Za-z0-9_.-]+\]/;

/** A redactor that learns secrets as they are resolved. */
export interface LearningRedactor extends Redactor {
  /**
   * From now on `value` is replaced by `[redacted:NAME]`, also URL-encoded, in base64 (at any offset, so in a Basic
   * header too) and as JSON text. Values under 8 characters are left alone.
   */
  add(name: string, value: string): void;
}

/** Idempotent: what it returned comes back unchanged. */
export function createRedactor(): LearningRedactor {
  /** Every form of every named secret, and its marker's name. */
  const forms = new Map<string, string>();
  /** Names of secrets as they were given: a handle (`[secret:NAME]`) stands for each in events. */
  const handles = new Set<string>();
  let named: RegExp | null = null;
  let combined: RegExp | null = null;

  function compile(): RegExp {
    // Longest first: a secret that begins with another one is replaced whole.
    const values = [...forms.keys()].sort((a, b) => b.length - a.length).map(escapeRegExp);
    named = values.length > 0 ? new RegExp(values.join('|')) : null;
    // A marker or handle of ours is passed over whole, so that nothing in its name is taken for a secret.
    const names = [...new Set([...forms.values(), ...SHAPES.map(({ name }) => name)])].map(escapeRegExp);
    const [password = '', ...shapes] = SHAPES.map(({ pattern }, index) => `(?<shape${index}>${pattern})`);
    const ours = [`redacted:(?:${names.join('|')})`, ...[...handles].map((name) => `secret:${escapeRegExp(name)}`)];
    return new RegExp([`(?<marker>\\[(?:${ours.join('|')})\\])`, password, ...values, ...shapes].join('|'), 'g');
  }

  function text(value: string): string {
    if (value.length < SHORTEST_SECRET - 2) return value;
    combined ??= compile();
    if (!named?.test(value) && !SHAPES.some(({ look }) => value.includes(look))) return value;
    return value.replace(combined, (match: string, ...rest: unknown[]) => {
      // The last argument of a replacer is the named groups, for the pattern has some.
      const groups = rest.at(-1) as Record<string, string | undefined>;
      if (groups.marker !== undefined) return match;
      const known = forms.get(match);
      if (known !== undefined) return marker(known);
      return marker(SHAPES.find((_, index) => groups[`shape${index}`] !== undefined)?.name ?? 'secret');
    });
  }

  return {
    text,
    json: <T extends Json>(value: T): T => redactJson(value, text) as T,
    add(name, value) {
      handles.add(name);
      for (const form of encodedForms(value)) {
        if (!forms.has(form)) forms.set(form, markerName(name));
      }
      combined = null;
    },
  };
}

/** Whether a text holds a marker: as a value, it is not the value. */
export function isRedactionMarker(value: string): boolean {
  return MARKER.test(value);
}

/** @returns where the first marker stands (`users[2].token`; `$` where the value itself is one), or undefined. */
export function findRedactionMarker(value: Json): string | undefined {
  const path = markerPath(value);
  return path === undefined ? undefined : path.replace(/^\./, '') || '$';
}

function markerPath(value: Json): string | undefined {
  if (typeof value === 'string') return isRedactionMarker(value) ? '' : undefined;
  if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) {
      const path = markerPath(item);
      if (path !== undefined) return `[${index}]${path}`;
    }
  } else if (isJsonObject(value)) {
    for (const [key, item] of Object.entries(value)) {
      const path = isRedactionMarker(key) ? '' : markerPath(item);
      if (path !== undefined) return `.${key}${path}`;
    }
  }
  return undefined;
}

/** The same value, and the very same where nothing in it is replaced. */
function redactJson(value: Json, text: (value: string) => string): Json {
  if (typeof value === 'string') return text(value);
  if (typeof value === 'number') {
    const written = String(value);
    const redacted = text(written);
    return redacted === written ? value : redacted;
  }
  if (Array.isArray(value)) {
    const items = value.map((item: Json) => redactJson(item, text));
    return items.every((item, index) => item === value[index]) ? value : items;
  }
  if (!isJsonObject(value)) return value;
  let isChanged = false;
  const entries: [string, Json][] = [];
  const keys = new Set<string>();
  for (const key of Object.keys(value)) {
    // An absent value (undefined) is not JSON; JSON.stringify leaves it out later.
    const item = value[key] as Json;
    const redacted = redactJson(item, text);
    const newKey = distinct(text(key), keys);
    isChanged ||= redacted !== item || newKey !== key;
    entries.push([newKey, redacted]);
  }
  // fromEntries: a key named __proto__ stays a key.
  return isChanged ? Object.fromEntries(entries) : value;
}

/** Two keys that hold secrets must not become one. */
function distinct(key: string, taken: Set<string>): string {
  let name = key;
  for (let count = 2; taken.has(name); count += 1) name = `${key} ${count}`;
  taken.add(name);
  return name;
}

/** The ways a secret's value is written, each at least as long as what is looked for. */
export function encodedForms(secret: string): Set<string> {
  const trimmed = secret.trim();
  const values = [secret, trimmed];
  const lines = trimmed.split(/\r?\n/);
  if (lines.length > 1) {
    values.push(...lines.map((line) => line.trim()).filter((line) => line.length >= SHORTEST_SECRET_LINE));
  }
  const forms = new Set<string>();
  for (const value of values) {
    if (value.length < SHORTEST_SECRET) continue;
    const url = encodeURIComponent(value.toWellFormed());
    const all = [
      value,
      JSON.stringify(value).slice(1, -1),
      url,
      url.replaceAll('%20', '+'),
      url.replace(/%[0-9A-F]{2}/g, (byte) => byte.toLowerCase()),
      ...base64Forms(Buffer.from(value)),
    ];
    for (const form of all) if (form.length >= SHORTEST_SECRET) forms.add(form);
  }
  return forms;
}

/** Base64 writes three bytes as four characters, so the same bytes look different at each of three offsets. */
function base64Forms(bytes: Buffer): string[] {
  const whole = bytes.toString('base64');
  const stems = [0, 1, 2].map((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), bytes])
      .toString('base64')
      .replaceAll('=', '');
    // Characters that also hold bits of a neighbour are left out.
    const isLastWhole = ((offset + bytes.length) * 8) % 6 === 0;
    return encoded.slice(Math.ceil((offset * 8) / 6), isLastWhole ? undefined : -1);
  });
  const standard = [whole, whole.replaceAll('=', ''), ...stems];
  return [...standard, ...standard.map((form) => form.replaceAll('+', '-').replaceAll('/', '_'))];
}

function marker(name: string): string {
  return `[redacted:${name}]`;
}

function markerName(name: string): string {
  return name.replace(/[^A-Za-z0-9_.-]/g, '_') || 'secret';
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
}
