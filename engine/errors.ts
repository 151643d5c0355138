// The one error class of the product. It knows nothing of terminals: cli/ decides how an error is shown.

/** Where a problem is, in a file a person can open. Lines and columns count from 1. */
export interface SourceLocation {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface RunbookErrorOptions {
  /** Stable, in capitals: `E_PLAYBOOK_UNKNOWN_STEP`. Listed with its meaning in docs/errors.md. */
  readonly code: string;
  /** What went wrong, and where. */
  readonly message: string;
  /** What to do next. */
  readonly hint?: string | undefined;
  readonly location?: SourceLocation | undefined;
  readonly cause?: unknown;
}

export class RunbookError extends Error {
  readonly code: string;
  readonly hint: string | undefined;
  readonly location: SourceLocation | undefined;

  constructor(options: RunbookErrorOptions) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'RunbookError';
    this.code = options.code;
    this.hint = options.hint;
    this.location = options.location;
  }
}

/** What a thrown value says, whatever it is. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}

/** Raised where the code itself must be wrong: a broken invariant, never bad input. */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new RunbookError({ code: 'E_INTERNAL', message: `Broken invariant: ${message}` });
}

/** The end of a `switch` over a union: does not compile while a case is missing. */
export function unreachable(value: never): never {
  throw new RunbookError({ code: 'E_INTERNAL', message: `Unexpected value: ${JSON.stringify(value)}` });
}
