// `runbook sandbox fault latency --set latencyMs=500` as the JSON that the control API takes.
import { RunbookError } from '../../errors.ts';
import type { Json, JsonObject } from '../../json.ts';

const OF_THE_MATCH = ['server', 'method', 'path'];

export function faultOf(kind: string, pairs: readonly string[]): JsonObject {
  const given = Object.entries(valuesOf(pairs));
  const match = given.filter(([name]) => OF_THE_MATCH.includes(name));
  const rest = given.filter(([name]) => !OF_THE_MATCH.includes(name));
  return { kind, match: Object.fromEntries(match), ...Object.fromEntries(rest) };
}

/** `sign-in` is short for `attacker.sign-in`. */
export function happeningOf(what: string, pairs: readonly string[]): JsonObject {
  return { what: what.includes('.') ? what : `attacker.${what}`, ...valuesOf(pairs) };
}

function valuesOf(pairs: readonly string[]): JsonObject {
  return Object.fromEntries(
    pairs.map((pair) => {
      const mark = pair.indexOf('=');
      if (mark > 0) return [pair.slice(0, mark), readValue(pair.slice(mark + 1))];
      throw new RunbookError({
        code: 'E_USAGE',
        message: `--set takes name=value, not ${pair}`,
        hint: 'For example --set count=2',
      });
    }),
  );
}

/** A number, true, false or an object where it reads as one, else text. */
function readValue(text: string): Json {
  try {
    return JSON.parse(text) as Json; // JSON.parse gives nothing but JSON.
  } catch {
    return text;
  }
}
