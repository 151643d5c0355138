// What an expression reads of steps, vars and loop items stands in the text that cel-js sees as numbered variables. So
// environments are shared by the types read, whatever the ids: 20,000 steps of one action need one environment.
import type { Json } from '../json.ts';
import { SLOT_PREFIX } from './cel-environment.ts';
import { type CelType, DYN } from './cel-types.ts';
import type { Scope } from './plan.ts';
import { type Place, type PlaybookScope, stepViewSchema } from './scope.ts';
import type { SlotRead } from './walk.ts';

export type Slot = Pick<SlotRead, 'kind' | 'id'>;

export interface Slotted {
  readonly text: string;
  /** What is behind each slot. */
  readonly slots: readonly Slot[];
  readonly toSource: (offset: number) => number;
}

/** `steps.review.output` becomes `__step0.output`. */
export function withSlots(source: string, reads: readonly SlotRead[]): Slotted {
  if (reads.length === 0) return { text: source, slots: [], toSource: (offset) => offset };
  const numbers = new Map<string, number>();
  const slots: Slot[] = [];
  const numberOf = ({ kind, id }: Slot): number => {
    const key = `${kind}.${id}`;
    const known = numbers.get(key);
    if (known !== undefined) return known;
    numbers.set(key, slots.length);
    return slots.push({ kind, id }) - 1;
  };
  const inOrder = [...new Map(reads.map((read) => [read.start, read])).values()].sort((a, b) => a.start - b.start);
  let text = '';
  let done = 0;
  const pieces: { readonly from: number; readonly source: number; readonly isSlot: boolean }[] = [];
  for (const read of inOrder) {
    pieces.push({ from: text.length, source: done, isSlot: false });
    text += source.slice(done, read.start);
    pieces.push({ from: text.length, source: read.start, isSlot: true });
    text += `${SLOT_PREFIX}${numberOf(read)}`;
    done = read.end;
  }
  pieces.push({ from: text.length, source: done, isSlot: false });
  text += source.slice(done);
  const toSource = (offset: number): number => {
    const piece = pieces.findLast(({ from }) => from <= offset);
    if (piece === undefined) return offset;
    return piece.isSlot ? piece.source : piece.source + offset - piece.from;
  };
  return { text, slots, toSource };
}

export function slotType({ kind, id }: Slot, scope: PlaybookScope, place: Place): CelType {
  switch (kind) {
    case 'step': {
      const step = scope.steps.get(id);
      return step === undefined ? DYN : scope.pool.of(stepViewSchema(step.output));
    }
    case 'var':
      return scope.pool.of(scope.vars.get(id) ?? {});
    case 'local':
      return scope.pool.of(place.locals?.get(id) ?? {});
  }
}

/** @throws RangeError where the scope was made without it. */
export function slotValue({ kind, id }: Slot, given: Scope): Json {
  switch (kind) {
    case 'step': {
      const view = given.steps[id];
      if (view === undefined) throw new RangeError(`the step \`${id}\` has not ended`);
      // A StepView is JSON with optional keys.
      return view as unknown as Json;
    }
    case 'var':
      return known(given.vars[id], `vars.${id}`);
    case 'local':
      return known(given.locals?.[id], id);
  }
}

function known(value: Json | undefined, name: string): Json {
  if (value === undefined) throw new RangeError(`\`${name}\` has no value here`);
  return value;
}
