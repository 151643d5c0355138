import { afterAll, expect, test } from 'vitest';
import { nobody, type People } from '../../engine/run/people.ts';
import { act, openWorld } from './harness.ts';

const failing = act(
  async () => {
    throw new Error('it is down');
  },
  {
    name: 'test.down',
    effect: 'read',
    output: { type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] },
  },
);
const world = await openWorld(failing);
afterAll(() => world.close());

test('a step that only an output reads is skipped without its output; that one is absent, with the reason', async () => {
  const asked: boolean[] = [];
  const people: People = {
    ...nobody,
    async failure({ needsOutput }) {
      asked.push(needsOutput);
      return { kind: 'skip', actor: 'person:tester', reason: 'it is known' };
    },
  };
  const { runId, end } = await world.start(
    'apiVersion: runbook/v1\nname: test\ntitle: Test\nsteps:\n  - id: look\n    uses: test.down\n' +
      'outputs:\n  n: "${{ steps.look.output.n }}"\n  fine: "yes"\n',
    { people },
  );
  expect(asked).toEqual([false]);
  expect(end.status).toBe('done');
  const ended = (await world.events(runId)).find(({ type }) => type === 'run.ended');
  expect(ended?.data).toEqual({
    outcome: 'done',
    outputs: { fine: 'yes' },
    absent: { n: expect.stringContaining('output') },
  });
});
