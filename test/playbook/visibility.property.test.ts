// Which names and steps an expression sees, against a model that knows nothing of the compiler: a step sees those that
// end before it starts, in loops only its own, and the entries of the loops it stands in.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compile } from './helpers.ts';

interface Tree {
  readonly isLoop: boolean;
  readonly isParallel: boolean;
  readonly children: readonly Tree[];
}
interface Placed {
  readonly id: string;
  readonly order: number;
  readonly around: readonly Placed[];
  readonly region: 'body' | 'finally';
  readonly isLoop: boolean;
  readonly isParallel: boolean;
  readonly isGroup: boolean;
}

const { tree } = fc.letrec<{ tree: Tree }>((tie) => ({
  tree: fc.record({
    isLoop: fc.boolean(),
    isParallel: fc.boolean(),
    children: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constant([]),
      fc.array(tie('tree'), { minLength: 1, maxLength: 3 }),
    ),
  }),
}));
const forest = fc.array(tree, { minLength: 1, maxLength: 4 });

/** All steps in the order of the file, numbered. */
function place(body: readonly Tree[], last: readonly Tree[]): Placed[] {
  const all: Placed[] = [];
  const add = (trees: readonly Tree[], around: readonly Placed[], region: Placed['region']): void => {
    for (const { isLoop, isParallel, children } of trees) {
      const order = all.length;
      const isGroup = children.length > 0;
      const one = {
        id: `s${order}`,
        order,
        around,
        region,
        isLoop,
        isParallel: isParallel && children.length > 1,
        isGroup,
      };
      all.push(one);
      add(children, [...around, one], region);
    }
  };
  add(body, [], 'body');
  add(last, [], 'finally');
  return all;
}

function seesStep(reader: Placed, target: Placed): boolean {
  if (target.order >= reader.order || reader.around.includes(target)) return false;
  const shared = target.around.filter((one) => reader.around.includes(one));
  return !shared.at(-1)?.isParallel && target.around.every((one) => !one.isLoop || shared.includes(one));
}
/** Of the loop's own entry too: the expressions here are the body's. */
function seesEntry(reader: Placed, loop: Placed): boolean {
  return loop.isLoop && (loop === reader || reader.around.includes(loop));
}

function write(steps: readonly Placed[], reads: ReadonlyMap<string, string>): string {
  const lines = (region: Placed['region']): string =>
    steps
      .filter((step) => step.region === region)
      .map(({ id, around, isLoop, isParallel, isGroup }) => {
        const indent = ' '.repeat(2 + around.length * 4);
        const loop = isLoop ? `\n${indent}  forEach: "['a', 'b']"\n${indent}  as: e${id}` : '';
        const parallel = isParallel ? `\n${indent}  parallel: true` : '';
        const read = reads.get(id) ?? "''";
        const rest = isGroup ? 'steps:' : `manual: "\${{ ${read} }}"`;
        return `${indent}- id: ${id}${loop}${parallel}\n${indent}  ${rest}\n`;
      })
      .join('');
  const last = lines('finally');
  return `apiVersion: runbook/v1\nname: test\ntitle: T\nsteps:\n${lines('body')}${last === '' ? '' : `finally:\n${last}`}`;
}

test('an expression sees just the steps and the entries that are there where it stands', () => {
  let seen = 0;
  let unseen = 0;
  const property = fc.property(forest, fc.oneof(fc.constant([]), forest), fc.nat(), fc.nat(), (body, last, a, b) => {
    const steps = place(body, last);
    const readers = steps.filter((step) => !step.isGroup);
    const reader = readers[a % readers.length];
    const target = steps[b % steps.length];
    if (reader === undefined || target === undefined) return;
    const codesOf = (read: string): string[] =>
      compile(write(steps, new Map([[reader.id, read]]))).diagnostics.map(({ code }) => code);
    const step = seesStep(reader, target);
    expect(codesOf(`steps.${target.id}.status`)).toEqual(step ? [] : ['E_PLAYBOOK_LATER_STEP']);
    const entry = seesEntry(reader, target);
    expect(codesOf(`e${target.id}`)).toEqual(entry ? [] : ['E_PLAYBOOK_UNKNOWN_NAME']);
    const hasItem = [...reader.around, reader].some((one) => one.isLoop);
    expect(codesOf('item')).toEqual(hasItem ? [] : ['E_PLAYBOOK_UNKNOWN_NAME']);
    seen += Number(step) + Number(entry);
    unseen += Number(!step) + Number(!entry);
  });
  fc.assert(property, { numRuns: 400 });
  // Both answers must have been asked for.
  expect(Math.min(seen, unseen)).toBeGreaterThan(40);
});
