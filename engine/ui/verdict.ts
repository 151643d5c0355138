// What a step's output says of the outside: a probe that found it down has done its work, and is no good news.
import { isJsonObject } from '../json.ts';
import type { StoredOutput } from '../run/events.ts';
import { oneLine } from './text.ts';

const MOST_ERROR_LENGTH = 120;

/** `ok: false`, with the output's `error` where it is a short text; null where the output does not say so. */
export function badVerdict(output: StoredOutput | undefined): string | null {
  if (!output || !('value' in output) || !isJsonObject(output.value)) return null;
  const { ok, error } = output.value;
  if (ok !== false) return null;
  const isShort = typeof error === 'string' && error !== '' && error.length <= MOST_ERROR_LENGTH;
  return isShort ? `ok: false · ${oneLine(error)}` : 'ok: false';
}
