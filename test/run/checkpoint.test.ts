import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ActionContext, Json } from '../../engine/action.ts';
import { nobody, type People } from '../../engine/run/people.ts';
import { act, ofType, openWorld, playbook, type World } from './harness.ts';

const RETRIED = playbook('  - { id: read, title: Read, uses: test.act, retry: { attempts: 3, delay: 1ms } }\n');

let world: World | undefined;
let run: (ctx: ActionContext) => Promise<unknown> = async () => undefined;
const started = (): World => {
  if (world === undefined) throw new Error('no world');
  return world;
};
beforeEach(async () => {
  world = await openWorld(act((ctx) => run(ctx)));
});
afterEach(() => world?.close());

it('goes on in the next attempt from what was saved last', async () => {
  const found: (Json | undefined)[] = [];
  run = async (ctx) => {
    found.push(ctx.checkpoint.last);
    const page = typeof ctx.checkpoint.last === 'number' ? ctx.checkpoint.last : 0;
    await ctx.checkpoint.save(page + 1);
    await ctx.checkpoint.save(page + 2);
    expect(ctx.checkpoint.last).toBe(page + 2);
    if (page < 4) throw new Error('once more');
  };
  const { runId, state } = await started().start(RETRIED);
  expect(state.outcome).toBe('done');
  expect(found).toEqual([undefined, 2, 4]);
  expect(ofType(await started().events(runId), 'step.checkpoint').map(({ data }) => data.cursor)).toEqual([
    1, 2, 3, 4, 5, 6,
  ]);
});

it('begins anew in each round of `until`', async () => {
  const found: (Json | undefined)[] = [];
  run = async (ctx) => {
    found.push(ctx.checkpoint.last);
    await ctx.checkpoint.save(ctx.run.round);
    return { round: ctx.run.round };
  };
  const POLLED = playbook(
    '  - { id: read, title: Read, uses: test.act, until: output.round > 1, every: 1ms, timeout: 1m }\n',
  );
  const { state } = await started().start(POLLED);
  expect(state.outcome).toBe('done');
  expect(found).toEqual([undefined, undefined, undefined]);
});

it('begins anew with other inputs', async () => {
  const found: (Json | undefined)[] = [];
  run = async (ctx) => {
    found.push(ctx.checkpoint.last);
    await ctx.checkpoint.save('far');
    if (found.length === 1) throw new Error('stop');
  };
  const people: People = {
    ...nobody,
    failure: async () => ({ kind: 'retry', actor: 'person:ana', reason: 'fewer', inputs: { users: ['user_1'] } }),
  };
  const once = playbook('  - { id: read, title: Read, uses: test.act, with: { users: [] } }\n');
  const { state } = await started().start(once, { people });
  expect(state.outcome).toBe('done');
  expect(found).toEqual([undefined, undefined]);
});
