// A value in few words: what was recorded must be seen even where it is long.
import { isJsonObject, type Json } from '../json.ts';
import { oneLine, truncate } from '../ui/text.ts';

const MOST_ENTRIES = 3;
const MOST_COLUMNS = 100;

/** `13 values: user_a, user_b, user_c, …`; texts and maps are cut at about a line. */
export function shortValue(value: Json): string {
  if (Array.isArray(value)) return shortList(value);
  return truncate(textOf(value), MOST_COLUMNS);
}

function shortList(values: readonly Json[]): string {
  if (values.length === 0) return 'no values';
  const first = values.slice(0, MOST_ENTRIES).map((one) => truncate(textOf(one), MOST_COLUMNS / 2));
  const rest = values.length > MOST_ENTRIES ? ', …' : '';
  return `${values.length} ${values.length === 1 ? 'value' : 'values'}: ${first.join(', ')}${rest}`;
}

function textOf(value: Json): string {
  if (typeof value === 'string') return value.trim() === '' ? '(empty)' : oneLine(value);
  if (Array.isArray(value) || isJsonObject(value)) return oneLine(JSON.stringify(value));
  return String(value);
}
