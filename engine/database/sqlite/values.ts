// SQLite knows integers, reals, texts and bytes: values come as they are stored. Pure.
import { RunbookError } from '../../errors.ts';
import { wholeNumber } from '../values.ts';

export function fromSqlite(row: unknown): unknown {
  // The driver makes a plain object of each row.
  const values = row as { [column: string]: unknown };
  for (const column in values) {
    const value = values[column];
    if (typeof value === 'bigint') values[column] = wholeNumber(String(value));
  }
  return values;
}

/** The driver takes neither truth values nor dates, and binds every number as a real. */
export function toSqlite(value: unknown): unknown {
  if (value === undefined) return null;
  if (typeof value === 'boolean') return value ? 1n : 0n;
  if (typeof value === 'number') return Number.isSafeInteger(value) ? BigInt(value) : value;
  if (value instanceof Date) return value.toISOString();
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  throw new RunbookError({
    code: 'E_DB_VALUE',
    message: `SQLite cannot keep ${Array.isArray(value) ? 'a list' : 'an object'} as a value`,
    hint: 'Write it as text: JSON.stringify(value)',
  });
}
