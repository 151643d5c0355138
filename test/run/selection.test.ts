// `--from` and `--only` in the engine: what is left out, and whose output is asked for since somebody still reads it.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Selection } from '../../engine/run/selection.ts';
import { ofType, openWorld, playbook, type World } from './harness.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

const echoing = (id: string, value: string): string =>
  `{ id: ${id}, title: ${id}, uses: test.echo, with: { value: "${value}" } }`;
const outputOf = (id: string): string => `\${{ steps.${id}.output.value }}`;
const inGroups = playbook(`  - id: outer
    title: Outer
    steps:
      - id: inner
        title: Inner
        steps:
          - ${echoing('a', 'x')}
          - ${echoing('own', outputOf('a'))}
      - ${echoing('aside', 'y')}
  - ${echoing('b', outputOf('own'))}
`);

async function phases(yaml: string, selection: Selection): Promise<readonly string[]> {
  const { end, runId, state } = await world.start(yaml, { selection });
  expect(ofType(await world.events(runId), 'step.failed')).toEqual([]);
  expect(end.status === 'done' || end.status === 'waiting').toBe(true);
  return [...state.steps.values()].filter(({ path }) => path !== '').map(({ path, phase }) => `${path} ${phase}`);
}

describe.each([{ from: 'b' }, { only: ['b'] }])('with %j', (selection) => {
  test('the output of a step inside groups that are left out is asked for where a later step reads it', async () => {
    // `a` is read too, by a step that is left out itself: nobody wants that.
    expect(await phases(inGroups, selection)).toEqual([
      'outer open',
      'outer/inner open',
      'outer/inner/a skipped',
      'outer/inner/own wanting',
    ]);
  });

  test('a group whose outputs only its own steps read is left out whole, and nothing is asked for', async () => {
    const apart = playbook(`  - id: group
    title: Group
    steps:
      - ${echoing('a', 'x')}
      - ${echoing('own', outputOf('a'))}
  - ${echoing('b', 'z')}
`);
    expect(await phases(apart, selection)).toEqual(['group skipped', 'b done']);
  });
});

test('a step that is left out and read by another one that is left out is not asked for', async () => {
  const yaml = playbook(`  - ${echoing('a', 'x')}
  - ${echoing('c', outputOf('a'))}
  - ${echoing('b', 'z')}
`);
  expect(await phases(yaml, { from: 'b' })).toEqual(['a skipped', 'c skipped', 'b done']);
});

test('a run from a step of `finally` does nothing of the body', async () => {
  const yaml = `${inGroups}finally:
  - ${echoing('first', '1')}
  - ${echoing('last', '2')}
`;
  expect(await phases(yaml, { from: 'last' })).toEqual([
    'outer skipped',
    'b skipped',
    'finally done',
    'finally/first skipped',
    'finally/last done',
  ]);
});
