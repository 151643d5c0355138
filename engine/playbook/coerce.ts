// Text given on a command line or at a prompt, as the value its schema wants. Validation comes after.
import type { Json, Schema } from '../json.ts';
import { itemsOf, typesOf } from './schema-shape.ts';

const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/;
const BOOLEANS: { readonly [word: string]: boolean } = {
  true: true,
  yes: true,
  y: true,
  false: false,
  no: false,
  n: false,
};

/** `user_a,user_b` for a list, `yes` for a boolean, JSON for anything; text that fits nothing stays text. */
export function coerceText(text: string, schema: Schema): Json {
  const types = typesOf(schema);
  const trimmed = text.trim();
  if (types.includes('null') && (trimmed === 'null' || trimmed === '')) return null;
  if (types.includes('array')) return coerceList(trimmed, schema);
  if (types.includes('integer') || types.includes('number')) {
    // An integer that a number cannot hold exactly stays text, which the schema then refuses.
    if (NUMBER.test(trimmed)) return isExact(trimmed, types) ? Number(trimmed) : text;
  }
  if (types.includes('boolean')) {
    const value = BOOLEANS[trimmed.toLowerCase()];
    if (value !== undefined) return value;
  }
  if (types.includes('string')) return text;
  if (types.includes('object') || types.length === 0) return parseJson(trimmed) ?? text;
  return text;
}

function isExact(text: string, types: readonly string[]): boolean {
  const isInteger = !types.includes('number') || /^[-+]?\d+$/.test(text);
  const value = Number(text);
  return !isInteger || !Number.isInteger(value) || Number.isSafeInteger(value);
}

function coerceList(text: string, schema: Schema): Json {
  if (text.startsWith('[')) {
    const parsed = parseJson(text);
    if (parsed !== undefined) return parsed;
  }
  const items = itemsOf(schema) ?? {};
  const entries = text.split(/[,\n]/).map((entry) => entry.trim());
  return entries.filter((entry) => entry !== '').map((entry) => coerceText(entry, items));
}

function parseJson(text: string): Json | undefined {
  try {
    // An integer that a number cannot hold exactly is kept as it is written: as text.
    return JSON.parse(text, (_key, value: unknown, context?: { readonly source?: string }) => {
      const source = typeof value === 'number' ? context?.source : undefined;
      return source === undefined || isExact(source, ['number']) ? value : source;
    }) as Json;
  } catch {
    return undefined;
  }
}
