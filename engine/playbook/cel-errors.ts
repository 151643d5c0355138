// What cel-js says, in our words.
import { messageOf } from '../errors.ts';

export interface CelProblem {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly isUnknownField: boolean;
  readonly start: number;
  readonly end: number;
}

/** @param toSource from an offset in the text cel-js saw to one in the text of the author. */
export function celProblem(error: unknown, toSource: (offset: number) => number): CelProblem {
  const { code, summary, range } = detailsOf(error);
  const hint = hintFor(summary);
  return {
    code: code === 'no_such_key' ? 'E_PLAYBOOK_UNKNOWN_FIELD' : 'E_PLAYBOOK_TYPE',
    message: friendlyMessage(code, summary),
    ...(hint === undefined ? {} : { hint }),
    isUnknownField: code === 'no_such_key',
    start: toSource(range.start),
    end: toSource(range.end),
  };
}

/** A CEL type for people: `object3` is an object. */
export function friendly(type: string): string {
  return type
    .replace(/\bobject\d+\b/g, 'object')
    .replace(/dyn<(.+)>/, '$1')
    .replace(/^(bool|int|double|string)$/, (name) => `${/^i/.test(name) ? 'an' : 'a'} ${name}`);
}

function detailsOf(error: unknown): {
  readonly code: string;
  readonly summary: string;
  readonly range: { readonly start: number; readonly end: number };
} {
  const found: { code?: unknown; summary?: unknown; range?: unknown } =
    typeof error === 'object' && error !== null ? error : {};
  const range = found.range;
  const isRange = typeof range === 'object' && range !== null && 'start' in range && 'end' in range;
  return {
    code: typeof found.code === 'string' ? found.code : '',
    summary: typeof found.summary === 'string' ? found.summary : messageOf(error),
    range: isRange ? { start: Number(range.start), end: Number(range.end) } : { start: 0, end: 0 },
  };
}

function friendlyMessage(code: string, summary: string): string {
  const text = summary
    .replace(/\bobject\d+\b/g, 'object')
    .replace(/dyn<(\w+)>/g, '$1')
    .replace(/\b__step\d+/g, 'steps');
  switch (code) {
    case 'no_such_overload': {
      const match = /^no such overload: (.+) (==|!=|<=?|>=?|\+|-|\*|\/|%|in) (.+)$/.exec(text);
      return match === null ? text : `\`${match[2]}\` does not go with ${match[1]} and ${match[3]}`;
    }
    case 'no_matching_overload':
      return text.replace('found no matching overload for', 'No such function or wrong types:').replaceAll("'", '`');
    case 'no_such_key':
      return text.replace(/^No such key: (.+)$/, 'Unknown field `$1`');
    default:
      return text.charAt(0).toUpperCase() + text.slice(1);
  }
}

function hintFor(summary: string): string | undefined {
  if (/(int|double) (==|!=|<|>|<=|>=|\+|-|\*|\/) (double|int)|overload: (int|double) .* (int|double)$/.test(summary))
    return 'convert one side: double(x) or int(x)';
  if (/(int|double|bool) (\+|==|!=) string$|overload: string (\+|==|!=) (int|double|bool)$/.test(summary))
    return 'compare with a value of the same type, or convert with string(x) or int(x)';
  if (/null$|overload: null/.test(summary)) return 'ask has(x), or the status of the step';
  return undefined;
}
