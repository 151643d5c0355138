// The patterns of a schema that a text could make a run hang on.
import { isJsonObject, type Json } from '../json.ts';
import { isCatastrophic } from './catastrophic.ts';
import type { Path } from './source.ts';

/** What is said of one, and the hint. */
export const CATASTROPHIC = [
  'This pattern can take for ever on a text that it does not match: it repeats what repeats by itself',
  'let each repetition begin with something of its own: `^(a+)+$` is `^a+$`, `^(\\w+ ?)+$` is `^\\w+( \\w+)* ?$`',
] as const;

/** Keywords whose values are data. */
const DATA = new Set(['default', 'const', 'enum', 'examples']);

export function catastrophicPatterns(schema: Json): readonly Path[] {
  const entries: [string | number, Json][] = Array.isArray(schema)
    ? schema.map((one: Json, index): [number, Json] => [index, one])
    : isJsonObject(schema)
      ? Object.entries(schema)
      : [];
  return entries.flatMap(([key, value]): Path[] => {
    if (key === 'pattern' && typeof value === 'string') return isCatastrophic(value) ? [[key]] : [];
    const named = key === 'patternProperties' && isJsonObject(value) ? Object.keys(value).filter(isCatastrophic) : [];
    const inner = DATA.has(String(key)) ? [] : catastrophicPatterns(value);
    return [...named.map((name) => [key, name]), ...inner.map((path) => [key, ...path])];
  });
}
