import { RunbookError } from '../errors.ts';

/** Source: design, "The command line". */
export const EXIT = { done: 0, failed: 1, usage: 2, waiting: 3, held: 4, interrupted: 130 } as const;

/** Errors of the user's input, as opposed to what happened while working. */
const USAGE =
  /^E_(USAGE|PLAYBOOK|RUN_UNKNOWN|RUN_AMBIGUOUS|INPUT|FIELD|ANSWER|STEP|SCENARIO|STORE_UNSUPPORTED|STORE_MISSING|ENV_MISSING|SECRET_MISSING)/;

export function exitCodeOf(error: unknown): number {
  if (!(error instanceof RunbookError)) return EXIT.failed;
  if (error.code === 'E_RUN_HELD') return EXIT.held;
  return USAGE.test(error.code) ? EXIT.usage : EXIT.failed;
}
