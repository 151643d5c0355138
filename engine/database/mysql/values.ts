// What MySQL's values become, and what goes there. Pure.
import type { FieldPacket } from 'mysql2';
import { utcDate } from '../values.ts';

/** Column types of the protocol: MySQL Source Documentation, field_types.h. */
const TIMESTAMP = 7;
const DATETIME = 12;

/**
 * Dates come as texts in the session's zone, UTC. The driver itself would make an invalid Date of 0000-00-00, and a day without
 * a time of day is in no zone.
 */
export function fromMysql(rows: readonly unknown[], fields: readonly FieldPacket[]): readonly unknown[] {
  const dates = fields.filter(({ columnType }) => columnType === TIMESTAMP || columnType === DATETIME);
  // The driver makes an object of its own class of each row; plain ones are what the other drivers give.
  return rows.map((row) => {
    const values = { ...(row as { [column: string]: unknown }) };
    for (const { name } of dates) {
      const value = values[name];
      if (typeof value === 'string') values[name] = utcDate(value);
    }
    return values;
  });
}

/** The driver writes values into the statement: of an object it would make a list of columns. */
export function toMysql(value: unknown): unknown {
  if (value === undefined) return null;
  if (value instanceof Uint8Array) return Buffer.from(value);
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return JSON.stringify(value);
}
