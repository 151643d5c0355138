// Which steps an expression can see from where it stands, and which of those may have no output there.
import type { Schema } from '../json.ts';

export interface StepInfo {
  readonly id: string;
  readonly path: string;
  /** Place in the order of the file; a group's end is that of its last step. */
  readonly start: number;
  end: number;
  readonly depth: number;
  readonly parent: StepInfo | undefined;
  readonly isParallel: boolean;
  /** Why it may end without an output, in words: "it has a `when`". */
  readonly mayBeMissing: string | undefined;
  /** Undefined: groups have no output. */
  readonly output: Schema | undefined;
}

/** Where an expression stands: at a step, or after all of them (the playbook's outputs). */
export type Reader = StepInfo | 'end';

export type Visibility = 'visible' | 'itself' | 'around' | 'later' | 'parallel';

/** How `target` is seen from `reader`. Costs the depth of the reader's groups. */
export function visibility(reader: Reader, target: StepInfo): Visibility {
  if (reader === 'end') return 'visible';
  if (reader === target) return 'itself';
  if (contains(target, reader)) return 'around';
  if (target.start > reader.start) return sharesParallelGroup(reader, target) ? 'parallel' : 'later';
  return sharesParallelGroup(reader, target) ? 'parallel' : 'visible';
}

/** Why `target` may have no output where `reader` stands, unless guarded; undefined where it always has one. */
export function missingReason(reader: Reader, target: StepInfo): string | undefined {
  for (let step: StepInfo | undefined = target; step !== undefined; step = step.parent) {
    // A reader in the same group runs only where the group does.
    if (reader !== 'end' && contains(step, reader)) return undefined;
    if (step.mayBeMissing === undefined) continue;
    return step === target ? `\`${step.id}\` ${step.mayBeMissing}` : `\`${step.id}\` around it ${step.mayBeMissing}`;
  }
  return undefined;
}

function contains(group: StepInfo, step: StepInfo): boolean {
  return group !== step && group.start < step.start && step.start <= group.end;
}

function sharesParallelGroup(reader: StepInfo, target: StepInfo): boolean {
  let common = reader.parent;
  while (common !== undefined && !contains(common, target)) common = common.parent;
  return common?.isParallel ?? false;
}
