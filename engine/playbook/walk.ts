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
export interface StepRead {
  readonly id: string;
  /** Where `steps.<id>` stands. */
  readonly start: number;
  readonly end: number;
}
export interface Walk {
  readonly scope: PlaybookScope;
  readonly place: Place;
  readonly issues: Issue[];
  readonly steps: StepRead[];
  readonly outputs: Set<string>;
  readonly secrets: Set<string>;
  readonly roots: Set<string>;
}
