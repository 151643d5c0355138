// What our own pass over an expression gathers on its way.
import type { Place, PlaybookScope } from './scope.ts';

export interface Issue {
  readonly code: string;
  readonly message: string;
  readonly hint?: string | undefined;
  /** Offsets in the expression's text. */
  readonly start: number;
  readonly end: number;
}
/** `steps.<id>`, `vars.<id>`, or the name of a loop's item. */
export interface SlotRead {
  readonly kind: 'step' | 'var' | 'local';
  readonly id: string;
  /** Where it stands. */
  readonly start: number;
  readonly end: number;
}
export interface Walk {
  readonly scope: PlaybookScope;
  readonly place: Place;
  readonly issues: Issue[];
  /** What may be meant so, and is likely not. */
  readonly warnings: Issue[];
  readonly reads: SlotRead[];
  /** Ids of steps whose output, not only status, is read. */
  readonly outputs: Set<string>;
  /** Of those, the ones read where nothing says that the output is there. */
  readonly needed: Set<string>;
  readonly secrets: Set<string>;
  readonly roots: Set<string>;
}
