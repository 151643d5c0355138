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
  /** Has `forEach`: what is inside is seen only there. */
  readonly isLoop: boolean;
  readonly region: 'body' | 'finally';
  /** Why it may end without an output, in words: "it has a `when`". */
  readonly mayBeMissing: string | undefined;
  /** Undefined: it has none, as groups. A loop's is set when its list is known. */
  output: Schema | undefined;
}

/** Where an expression stands: at a step, before all of them (`vars`), or after all of them (`outputs`). */
export type Reader = StepInfo | 'start' | 'end';

export type Visibility = 'visible' | 'itself' | 'around' | 'later' | 'parallel' | 'before' | 'finally' | 'inLoop';

/** How `target` is seen from `reader`. Costs the depth of the reader's groups. */
export function visibility(reader: Reader, target: StepInfo): Visibility {
  if (reader === 'start') return 'before';
  if (target.region === 'finally' && (reader === 'end' || reader.region === 'body')) return 'finally';
  if (reader !== 'end') {
    if (reader === target) return 'itself';
    if (contains(target, reader)) return 'around';
    if (sharesParallelGroup(reader, target)) return 'parallel';
    if (target.start > reader.start) return 'later';
  }
  return loopAround(reader, target) === undefined ? 'visible' : 'inLoop';
}

/** The outermost loop around `target` that the reader is not in. */
export function loopAround(reader: Reader, target: StepInfo): StepInfo | undefined {
  let found: StepInfo | undefined;
  for (let step = target.parent; step !== undefined; step = step.parent) {
    if (typeof reader === 'object' && contains(step, reader)) break;
    if (step.isLoop) found = step;
  }
  return found;
}

/** Why `target` may have no output where `reader` stands, unless guarded; undefined where it always has one. */
export function missingReason(reader: Reader, target: StepInfo): string | undefined {
  if (typeof reader === 'object' && reader.region === 'finally' && target.region === 'body')
    return '`finally` also runs where the steps before it were cut short';
  for (let step: StepInfo | undefined = target; step !== undefined; step = step.parent) {
    // A reader in the same group runs only where the group does.
    if (typeof reader === 'object' && contains(step, reader)) return undefined;
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
