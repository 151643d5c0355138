// What comes out of a database, in one form for all; what a dialect makes of it stands beside its driver. Pure.

/** A whole number as a number where that is exact, else as text. */
export function wholeNumber(text: string): number | string {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : text;
}

const TIMESTAMP = /^(\d{4})-(\d\d)-(\d\d)[ T](\d\d):(\d\d):(\d\d)(\.\d+)?$/;

/** `2026-11-03 14:05:09.123456`, taken as UTC. What no calendar has (infinity, 0000-00-00, BC) stays text. */
export function utcDate(text: string): Date | string {
  const match = TIMESTAMP.exec(text);
  if (match === null) return text;
  const date = new Date(`${text.replace(' ', 'T').replace(/\.\d+$/, '')}${milliseconds(match[7])}Z`);
  return Number.isNaN(date.getTime()) ? text : date;
}

function milliseconds(fraction: string | undefined): string {
  return fraction === undefined ? '' : fraction.padEnd(4, '0').slice(0, 4);
}
