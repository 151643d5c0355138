// What PostgreSQL's texts become, and what goes there, whatever the zone of this machine. Type numbers: pg_type.dat. Pure.
import pg from 'pg';
import { utcDate, wholeNumber } from '../values.ts';

const INT8 = 20;
const TIMESTAMP = 1114;
const TIMESTAMPTZ = 1184;
/** A day without a time of day is in no zone; the driver would make midnight here of it, or objects of its own. */
const AS_TEXT: ReadonlySet<number> = new Set([
  ...[1082, 1186, 600, 718], // date, interval, point, circle
  ...[1115, 1182, 1185, 1187, 1017, 719], // lists of timestamp, date, timestamptz, interval, point, circle
]);

type Parser = (text: string) => unknown;
const same: Parser = (text) => text;
/** The session's zone is UTC: the offset is always +00. */
const withZone: Parser = (text) => {
  const date = utcDate(text.replace(/\+00$/, ''));
  return typeof date === 'string' ? text : date;
};

export const TYPES = {
  getTypeParser(oid: number, format: 'text' | 'binary' = 'text'): Parser {
    if (oid === INT8) return wholeNumber;
    if (oid === TIMESTAMP) return utcDate;
    if (oid === TIMESTAMPTZ) return withZone;
    return AS_TEXT.has(oid) ? same : pg.types.getTypeParser(oid, format);
  },
};

/** The driver would write a date in the zone of this machine, which `timestamp` then takes as it stands. */
export function toPostgres(value: unknown): unknown {
  if (value instanceof Date) return value.toISOString();
  return Array.isArray(value) ? value.map(toPostgres) : value;
}
