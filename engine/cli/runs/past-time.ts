import { RunbookError } from '../../errors.ts';

/** ISO 8601 with a zone, or HH:MM of the last 24 hours, UTC. @throws E_USAGE */
export function parsePastTime(text: string, now: number): string {
  const clock = /^(\d{1,2}):(\d{2})$/.exec(text);
  const day = new Date(now).toISOString().slice(0, 10);
  const hasZone = /T.*(Z|[+-]\d{2}:?\d{2})$/.test(text);
  let time = clock ? Date.parse(`${day}T${text.padStart(5, '0')}:00Z`) : hasZone ? Date.parse(text) : Number.NaN;
  if (clock && time > now) time -= 86_400_000;
  if (Number.isNaN(time)) {
    throw new RunbookError({
      code: 'E_USAGE',
      message: `--detected does not understand ${text}`,
      hint: 'For example 2026-05-12T03:00:00Z, or 03:00 (UTC)',
    });
  }
  if (time > now) throw new RunbookError({ code: 'E_USAGE', message: `--detected ${text} lies in the future` });
  return new Date(time).toISOString();
}
