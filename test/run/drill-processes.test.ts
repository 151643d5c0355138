// A drill has a world for requests and none for processes.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createRun } from '../../engine/run/create.ts';
import { act, ofType, openWorld, playbook, type World } from './harness.ts';

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

async function logged(isDrill: boolean, effect: 'read' | 'change'): Promise<string[]> {
  world.actions.set(
    'test.act',
    act(
      async (ctx) => {
        const start = () => ctx.exec('true', [], { env: { PATH: process.env.PATH ?? '' } });
        if (effect === 'read') await start();
        else await ctx.change({ kind: 'node', id: 'web-1', verb: 'restart', after: { on: true } }, start);
      },
      { effect },
    ),
  );
  const approval = effect === 'read' ? '' : ', approval: { none: a test }';
  const plan = world.compile(playbook(`  - { id: act, title: Act, uses: test.act${approval} }\n`));
  const { runId } = await createRun({
    journal: world.journal,
    plan,
    inputs: {},
    operator: 'tester',
    env: {},
    random: Math.random,
    version: 'test',
    ...(isDrill ? { drill: { scenario: 's', seed: 1, worldFile: 'none', isUnattended: true } } : {}),
  });
  const { end } = await world.resume(runId, plan);
  expect(end.status).toBe('done');
  return ofType(await world.events(runId), 'step.log').map(({ data }) => data.text);
}

test('in a drill a process of an action that changes something is announced, for it runs for real', async () => {
  expect(await logged(true, 'change')).toEqual(['starts true for real: a drill has no world for processes']);
});

test('neither one of a reading action nor one of a real run is announced', async () => {
  expect(await logged(true, 'read')).toEqual([]);
  expect(await logged(false, 'change')).toEqual([]);
});
