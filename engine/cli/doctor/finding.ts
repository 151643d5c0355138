// One thing that was looked at, and how it is.
import { messageOf, RunbookError } from '../../errors.ts';

export interface Finding {
  /** What it is about: `store`, `secrets`. */
  readonly about: string;
  /** `skipped`: not looked at, and why is said. */
  readonly level: 'ok' | 'warning' | 'broken' | 'skipped';
  readonly text: string;
  /** How to mend it. */
  readonly mend?: string;
}

/** An error as what is wrong. */
export function brokenBy(about: string, error: unknown): Finding {
  const hint = error instanceof RunbookError ? error.hint : undefined;
  return { about, level: 'broken', text: messageOf(error), ...(hint === undefined ? {} : { mend: hint }) };
}
