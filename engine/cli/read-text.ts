// A text file that a person named, in UTF-8.
import { readFileSync } from 'node:fs';
import { messageOf, RunbookError } from '../errors.ts';

/** @throws RunbookError with `code`: it is not there, may not be read, or is not UTF-8. */
export function readText(path: string, { code, shown, hint }: { code: string; shown: string; hint?: string }): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch (cause) {
    const isEncoding = cause instanceof TypeError;
    throw new RunbookError({
      code,
      message: `Cannot read ${shown}: ${isEncoding ? 'it is not UTF-8 text' : messageOf(cause)}`,
      hint: isEncoding ? 'Save it as UTF-8' : hint,
      cause,
    });
  }
}
