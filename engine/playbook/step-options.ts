// What the second pass over the steps works with, and what all kinds of nodes share.
import type { Action } from '../action.ts';
import type { Collector } from './collector.ts';
import type { OutputReads } from './output-reads.ts';
import type { GroupStep } from './plan.ts';
import type { Place, PlaybookScope } from './scope.ts';
import type { Source } from './source.ts';
import type { Unit } from './units.ts';
import type { ValueValidator } from './validate-value.ts';

export interface StepsOptions {
  readonly source: Source;
  readonly scope: PlaybookScope;
  readonly collector: Collector;
  readonly validator: ValueValidator;
  readonly actions: ReadonlyMap<string, Action>;
  readonly secrets: readonly string[];
  /** Filled: which steps' outputs the expressions read. */
  readonly reads: OutputReads;
  /** Filled: the playbooks called, by the path of the call. */
  readonly calls: Map<string, Unit>;
}
/** Where a step stands: what is known there, and what the loops around it bring. */
export type Around = Pick<Place, 'facts' | 'locals'>;

/** What every kind of node has. */
export type Base = Omit<GroupStep, 'kind' | 'steps' | 'parallel' | 'timeoutMs'>;
