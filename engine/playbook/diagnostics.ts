// What is wrong with a file its author wrote: collected, never thrown one by one.
import type { SourceLocation } from '../errors.ts';

export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  /** Stable: E_PLAYBOOK_…, W_PLAYBOOK_…. */
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly location: SourceLocation;
  /** How many characters the code frame underlines; at least 1. */
  readonly length: number;
}
