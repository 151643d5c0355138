// Regular expressions of a playbook against text of the outside: a pattern such as `^(a+)+$` takes for ever on a text that
// somebody else chose. V8's engine backtracks and has no limit of its own, but a script of node:vm has one, and it holds inside
// a match too (tried with Node 24; a test does).
import { runInNewContext } from 'node:vm';
import { messageOf, PermanentFailure } from '../../engine/action.ts';

const LIMIT_MS = 250;

/** @throws PermanentFailure: not a regular expression. */
export function assertPattern(pattern: string, input: string): void {
  try {
    new RegExp(pattern, 'u');
  } catch (error) {
    throw new PermanentFailure(`\`${input}\` is no regular expression: ${messageOf(error)}`, { cause: error });
  }
}

/** @returns undefined where the pattern needs longer than a quarter of a second on this text: then nothing is known. */
export function matchesWithin(pattern: string, text: string): boolean | undefined {
  try {
    return runInNewContext('new RegExp(pattern, "u").test(text)', { pattern, text }, { timeout: LIMIT_MS }) === true;
  } catch (error) {
    if (isTimeout(error)) return undefined;
    throw error;
  }
}

function isTimeout(error: unknown): boolean {
  return (
    typeof error === 'object' && error !== null && 'code' in error && error.code === 'ERR_SCRIPT_EXECUTION_TIMEOUT'
  );
}
