// A playbook compiled on its own: paths from its own first step, calls not yet filled in. One that is called often is
// compiled once and mounted (mount.ts) where it is called.
import type { Schema } from '../json.ts';
import type { GroupStep, NamedTemplate, Plan, PlanInput, PlanNode } from './plan.ts';

export interface Unit {
  readonly name: string;
  readonly title: string;
  readonly description?: string;
  readonly category: string;
  readonly severity: string;
  readonly symptoms: readonly string[];
  readonly tags: readonly string[];
  readonly inputs: readonly PlanInput[];
  readonly vars: readonly NamedTemplate[];
  readonly outputs: readonly NamedTemplate[];
  /** Of this playbook and of all it calls. */
  readonly requires: Plan['requires'];
  readonly limits: Plan['limits'];
  readonly concurrency: Plan['concurrency'];
  readonly root: GroupStep;
  readonly finally?: GroupStep;
  /** From step id to path in this playbook. */
  readonly paths: ReadonlyMap<string, string>;
  /** By the path of the call in this playbook. */
  readonly calls: ReadonlyMap<string, Unit>;
  readonly file: string;
  readonly text: string;
}

/** What a caller must know of a playbook. */
export interface Callee {
  readonly name: string;
  /** What `with` must fit. */
  readonly input: Schema;
  /** Its outputs, as one object. */
  readonly output: Schema;
  /** How many calls are nested in it: 0 where it calls nothing. */
  readonly height: number;
  /** Its own nodes and those of what it calls, as often as they are called. */
  readonly size: number;
  /** Steps that cannot stand in a `finally`, its own and those of what it calls: the first of them in words. */
  readonly unfitForFinally: string | undefined;
  readonly timeoutMs: number | undefined;
  readonly unit: Unit;
}

/** Source: the language. Nobody follows a chain of calls longer than this. */
export const MOST_NESTED_CALLS = 8;
export const MOST_NODES = 100_000;

export function countNodes(nodes: readonly PlanNode[]): number {
  let count = 0;
  for (const node of nodes) {
    count += 1;
    if (node.kind === 'group' || node.kind === 'call') count += countNodes(node.steps);
    else if (node.kind === 'loop') count += countNodes([node.body]);
  }
  return count;
}
