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
    if (NUMBER.test(trimmed)) return Number(trimmed);
  }
  if (types.includes('boolean')) {
    const value = BOOLEANS[trimmed.toLowerCase()];
    if (value !== undefined) return value;
  }
  if (types.includes('string')) return text;
  if (types.includes('object') || types.length === 0) return parseJson(trimmed) ?? text;
  return text;
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
    return JSON.parse(text) as Json;
  } catch {
    return undefined;
  }
}
