// What a plan tells is what a run does: everything it says for sure is done, and nothing else than what it says.
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nobody, type People } from '../../engine/run/people.ts';
import type { PlannedStep } from '../../engine/run/preview/result.ts';
import type { RunState } from '../../engine/run/state.ts';
import { openWorld, type World } from './harness.ts';
import { banner, byPath, dryRun, playbook, reader } from './preview/dry-run.ts';

const find = reader('test.find', async () => ({ users: ['u1', 'u2', 'u3'], count: 3 }));
const ban = banner(['u2'], undefined, async () => undefined);

let world: World;
beforeAll(async () => {
  world = await openWorld(find, ban);
});
afterAll(() => world.close());

const agreeing: People = {
  ...nobody,
  manual: async ({ defaults }) => ({ kind: 'answered', actor: 'person:ana', fields: defaults }),
};

interface Shape {
  readonly kind: 'find' | 'ban' | 'group' | 'loop' | 'ask';
  /** Chooses among what is at hand. */
  readonly choice: number;
  readonly inside: readonly Shape[];
}

const shape: fc.Memo<Shape> = fc.memo((depth) =>
  fc.record({
    kind: fc.constantFrom(...(['find', 'ban', 'group', 'loop', 'ask'] as const).slice(0, depth > 1 ? 5 : 2)),
    choice: fc.nat(1000),
    inside: depth > 1 ? fc.array(shape(depth - 1), { minLength: 1, maxLength: 3 }) : fc.constant([]),
  }),
);

/** What an expression may read here. */
interface AtHand {
  readonly finds: readonly string[];
  readonly bans: readonly string[];
  readonly item: boolean;
}

function stepsOf(shapes: readonly Shape[], names: { next: number }, indent: string, from: AtHand): string {
  let at = from;
  let yaml = '';
  for (const { kind, choice, inside } of shapes) {
    const id = `s${names.next++}`;
    const pick = <T>(values: readonly T[]): T | undefined => values[choice % Math.max(1, values.length)];
    const head = `${indent}- id: ${id}\n${indent}  title: ${id}\n`;
    const deeper = (more: Partial<AtHand> = {}): string =>
      `${indent}  steps:\n${stepsOf(inside, names, `${indent}    `, { ...at, ...more })}`;
    const users = pick(at.finds);
    const told = pick(at.bans);
    const list = users === undefined ? "['u4', 'u5']" : `steps.${users}.output.users`;
    if (kind === 'find') {
      yaml += `${head}${indent}  uses: test.find\n`;
      at = { ...at, finds: [...at.finds, id] };
    } else if (kind === 'ban') {
      const whom = at.item && choice % 2 === 0 ? '["${{ item }}"]' : `"\${{ ${list} }}"`;
      yaml += `${head}${indent}  uses: test.ban\n${indent}  with: { users: ${whom} }\n`;
      at = { ...at, bans: [...at.bans, id] };
    } else if (kind === 'ask') {
      yaml += `${head}${indent}  manual: Which?\n${indent}  fields: { users: { type: array, items: { type: string }, default: "\${{ ${list} }}" } }\n`;
      at = { ...at, finds: [...at.finds, id] };
    } else if (kind === 'loop') {
      const unsure = `steps.${told}.output.banned > 1 ? ['u6', 'u7'] : ${list}`;
      const items = told !== undefined && choice % 3 === 0 ? unsure : list;
      yaml += `${head}${indent}  forEach: ${JSON.stringify(items)}\n${deeper({ item: true })}`;
    } else {
      const sure = users === undefined ? `${choice} % 2 == 0` : `size(steps.${users}.output.users) > ${choice % 5}`;
      const unsure = `steps.${told}.output.banned > ${choice % 4}`;
      yaml += `${head}${indent}  when: ${JSON.stringify(told !== undefined && choice % 3 === 0 ? unsure : sure)}\n${deeper()}`;
    }
  }
  return yaml;
}

interface Told {
  readonly path: string;
  readonly id: string;
}
const text = ({ path, id }: Told): string => `${path} ${id}`;

function planned(steps: Iterable<PlannedStep>, isSure: boolean): Told[] {
  return [...steps].flatMap(({ path, action, isMaybe }) =>
    (action?.changes ?? [])
      .filter(({ outcome }) => outcome === 'planned' && !(isSure && isMaybe))
      .flatMap(({ targets }) => targets.map(({ id }) => ({ path, id }))),
  );
}

function done({ changes }: RunState): Told[] {
  return [...changes.values()].flatMap((ofStep) =>
    [...ofStep.values()].filter(({ outcome }) => outcome === 'done').map(({ step, id }) => ({ path: step, id })),
  );
}

/** Where a list was not known, one instance was shown for all. */
function isShownAs(path: string, shown: string): boolean {
  const parts = shown.split('/');
  const real = path.split('/');
  return (
    parts.length === real.length &&
    parts.every((part, index) => part === real[index] || part === real[index]?.replace(/\[\d+\]$/, '[]'))
  );
}

test('a run changes all that its plan says for sure, and nothing that its plan does not say', async () => {
  let exact = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(shape(3), { minLength: 1, maxLength: 6 }), async (shapes) => {
      const yaml = playbook(stepsOf(shapes, { next: 0 }, '  ', { finds: [], bans: [], item: false }));
      const result = await dryRun(yaml, { actions: [find, ban] });
      const { end, state } = await world.start(yaml, { people: agreeing });
      expect(end.status).toBe('done');
      const steps = [...byPath(result).values()];
      const really = done(state);
      const made = new Set(really.map(text));
      expect(
        planned(steps, true)
          .map(text)
          .filter((change) => !made.has(change)),
      ).toEqual([]);
      const said = planned(steps, false);
      const isTold = (one: Told): boolean =>
        said.some(({ path, id }) => id === one.id && isShownAs(one.path, path)) ||
        result.uncounted.some((path) => isShownAs(one.path, path));
      expect(really.filter((change) => !isTold(change))).toEqual([]);
      if (result.unknowns.length > 0) return;
      exact += 1;
      expect(planned(steps, false).map(text).sort()).toEqual(really.map(text).sort());
    }),
    { numRuns: 40 },
  );
  expect(exact).toBeGreaterThan(0);
});
