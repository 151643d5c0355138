// Erasing a value from JSON and from bytes, in all the forms it travels in. Pure.
import { isJsonObject, type Json, type JsonObject } from '../json.ts';
import { encodedForms } from '../redact.ts';

/** What stands instead. It has the form of the redactor's markers, so it never flows on as if it were the value. */
export const TOMBSTONE = '[redacted:erased]';
/** Of what must not be left for a guess to be tried on. */
const DIGEST_TOMBSTONE = '[redacted:digest]';
/** Shorter values would be found in innocent text: such a one is named by its place. */
export const SHORTEST_ERASED = 4;
/** From here on a value is looked for in base64 and other encodings too. */
const SHORTEST_ENCODED = 8;

export type Path = readonly (string | number)[];

export interface Erased<T> {
  readonly value: T;
  /** Where something was erased, as people write it, itself without the value; empty: nothing was. */
  readonly paths: readonly string[];
}

export interface Eraser {
  text(value: string): string;
  json(value: Json): Erased<Json>;
  /** As long as they were: what reads the file by offsets still can. @returns null where they do not hold it. */
  bytes(value: Uint8Array): Buffer | null;
}

/** @param value at least SHORTEST_ERASED characters. */
export function createEraser(value: string): Eraser {
  const forms = formsOf(value).sort((a, b) => b.length - a.length);
  const needles = forms.flatMap((form) => [Buffer.from(form), Buffer.from(form, 'utf16le')]);
  const text = (given: string): string => forms.reduce((left, form) => left.replaceAll(form, TOMBSTONE), given);
  return {
    text,
    json(given) {
      const paths: string[] = [];
      const changed = eraseText(given, { text, path: [], paths });
      return { value: changed, paths };
    },
    bytes(given) {
      let copy: Buffer | null = null;
      for (const needle of needles) {
        let at = Buffer.from(given.buffer, given.byteOffset, given.byteLength).indexOf(needle);
        while (at !== -1) {
          copy ??= Buffer.from(given);
          copy.fill('*', at, at + needle.length);
          at = copy.indexOf(needle, at + needle.length);
        }
      }
      return copy;
    },
  };
}

function formsOf(value: string): string[] {
  const plain = [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value.toWellFormed())];
  const all = value.length < SHORTEST_ENCODED ? plain : [...plain, ...encodedForms(value)];
  return [...new Set(all)].filter((form) => form !== '');
}

interface Walk {
  readonly text: (value: string) => string;
  readonly path: Path;
  /** Of what was erased so far. */
  readonly paths: string[];
}

function eraseText(value: Json, walk: Walk): Json {
  if (typeof value === 'string' || typeof value === 'number') {
    const written = String(value);
    const left = walk.text(written);
    if (left === written) return value;
    walk.paths.push(walk.text(pathText(walk.path)));
    return left;
  }
  if (Array.isArray(value)) return value.map((item: Json, index) => eraseText(item, inside(walk, index)));
  if (!isJsonObject(value)) return value;
  const before = walk.paths.length;
  const entries: [string, Json][] = [];
  for (const [key, item] of Object.entries(value)) {
    const left = walk.text(key);
    if (left !== key) walk.paths.push(walk.text(pathText([...walk.path, key])));
    entries.push([distinct(left, entries), eraseText(item, inside(walk, key))]);
  }
  // fromEntries: a key named __proto__ stays a key.
  return walk.paths.length === before ? value : withoutDigests(Object.fromEntries(entries));
}

function inside(walk: Walk, key: string | number): Walk {
  return { ...walk, path: [...walk.path, key] };
}

/** Two keys must not become one. */
function distinct(key: string, taken: readonly (readonly [string, Json])[]): string {
  let name = key;
  for (let count = 2; taken.some(([other]) => other === name); count += 1) name = `${key} ${count}`;
  return name;
}

/** A plain digest of what was erased (of inputs, of a playbook's text) would let a guess be tried. */
function withoutDigests(value: JsonObject): JsonObject {
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => {
      const isDigest = /(?:^d|D)igest$/.test(key) && typeof item === 'string' && /^[0-9a-f]{64}$/.test(item);
      return [key, isDigest ? DIGEST_TOMBSTONE : item];
    }),
  );
}

/**
 * Erases what stands at a place, whole: of an object or a list all that is in it, but its form is left.
 * @returns no paths where there is no such place.
 */
export function eraseAt(value: Json, path: Path): Erased<Json> {
  const paths: string[] = [];
  const changed = eraseInside(value, path, [], paths);
  return { value: changed, paths };
}

function eraseInside(value: Json, left: Path, path: Path, paths: string[]): Json {
  const [key, ...rest] = left;
  if (key === undefined) {
    paths.push(pathText(path));
    return blank(value);
  }
  if (Array.isArray(value) && typeof key === 'number' && key < value.length)
    return value.map((item: Json, index) => (index === key ? eraseInside(item, rest, [...path, key], paths) : item));
  if (!isJsonObject(value) || !Object.hasOwn(value, String(key))) return value;
  const entries = Object.entries(value).map(([name, item]) => [
    name,
    name === String(key) ? eraseInside(item, rest, [...path, name], paths) : item,
  ]);
  return paths.length === 0 ? value : withoutDigests(Object.fromEntries(entries));
}

function blank(value: Json): Json {
  if (value === null) return null;
  if (Array.isArray(value)) return value.map(blank);
  if (isJsonObject(value)) return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, blank(item)]));
  return TOMBSTONE;
}

/** `a.b[2].c`, as it is written on a command line; a key with other characters in brackets and quotes. */
export function pathText(path: Path): string {
  return path
    .map((key, index) => {
      if (typeof key === 'number') return `[${key}]`;
      if (!/^[A-Za-z_$][\w$-]*$/.test(key)) return `[${JSON.stringify(key)}]`;
      return index === 0 ? key : `.${key}`;
    })
    .join('');
}

/** @returns null where it is none. */
export function parsePath(text: string): Path | null {
  const path: (string | number)[] = [];
  const piece = /\.?([A-Za-z_$][\w$-]*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]/y;
  for (let at = 0; at < text.length; at = piece.lastIndex) {
    piece.lastIndex = at;
    const [whole, name, index, quoted] = piece.exec(text) ?? [];
    if (whole === undefined) return null;
    if (quoted !== undefined) {
      try {
        path.push(String(JSON.parse(quoted)));
      } catch {
        return null;
      }
    } else path.push(index === undefined ? (name ?? '') : Number(index));
  }
  return path.length === 0 ? null : path;
}
