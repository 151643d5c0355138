import { RunbookError } from '../errors.ts';

/** Source: design, "The command line". */
export const EXIT = { done: 0, failed: 1, usage: 2, waiting: 3, held: 4, interrupted: 130 } as const;

/** Errors of the user's input, as opposed to what happened while working. */
const USAGE =
  /^E_(USAGE|CONFIG|CONTACTS|ENVIRONMENT|FILE_EXISTS|ACTION_(LOAD|INVALID|DUPLICATE|STRICT|NOT_FOUND)|PLAYBOOK|RUN_UNKNOWN|RUN_AMBIGUOUS|INPUT|FIELD|ANSWER|STEP|SCENARIO|EXPORT_READ|REDACT_PLACE|STORE_UNSUPPORTED|STORE_ADDRESS|STORE_MISSING|ENV_MISSING|SECRET_MISSING|SECRET_UNREADABLE|ADOPT|OUTPUT)/;

export function exitCodeOf(error: unknown): number {
  if (!(error instanceof RunbookError)) return EXIT.failed;
  if (error.code === 'E_RUN_HELD' || error.code === 'E_RUN_UNFINISHED') return EXIT.held;
  if (error.code === 'E_NOT_CONFIRMED') return EXIT.waiting;
  return USAGE.test(error.code) ? EXIT.usage : EXIT.failed;
}
