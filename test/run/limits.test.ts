// Limits of a run: how many distinct targets of a kind it may touch before somebody must approve more.
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ActionContext } from '../../engine/action.ts';
import type { EventData } from '../../engine/run/events.ts';
import { nobody, type People } from '../../engine/run/people.ts';
import { act, ofType, openWorld, playbook, type World } from './harness.ts';

const ban = { kind: 'user', verb: 'ban', after: { banned: true } } as const;
const step = (id: string, more = 'approval: { none: a test }'): string =>
  `  - { id: ${id}, title: ${id}, uses: test.act, ${more} }\n`;
const limited = (limit: number, ...steps: string[]): string => playbook(steps.join(''), `limits: { user: ${limit} }\n`);
const users = (count: number, from = 0): { id: string }[] =>
  Array.from({ length: count }, (_, index) => ({ id: `u${from + index}` }));

let world: World;
let sent: string[];
/** What was asked, in order. */
let asked: EventData['approval.requested'][];
beforeEach(async () => {
  world = await openWorld();
  sent = [];
  asked = [];
});
afterEach(() => world.close());

const approving: People = {
  ...nobody,
  approval: async ({ request }) => {
    asked.push(request);
    return { kind: 'given', actor: 'person:boss', role: 'security' };
  },
};

async function banAll(ctx: ActionContext, targets: readonly { id: string }[]): Promise<void> {
  await ctx.changes({ ...ban, targets, batch: 10, concurrency: 4 }, async (chunk) => {
    sent.push(...chunk.map(({ id }) => id));
    return undefined;
  });
}

test('with a limit of 50 and 51 targets not one call leaves before the approval, and after it all go', async () => {
  world.actions.set(
    'test.act',
    act(async (ctx) => banAll(ctx, users(51))),
  );
  const first = await world.start(limited(50, step('act')));
  expect(first.end).toMatchObject({
    status: 'waiting',
    waitsFor: ['act: your confirmation to touch 51 targets of kind user, over 50'],
  });
  expect(sent).toEqual([]);
  const events = await world.events(first.runId);
  expect(ofType(events, 'change.intended')).toEqual([]);
  expect(ofType(events, 'attempt.interrupted').map(({ data }) => data.reason)).toEqual(['limit']);
  expect(ofType(events, 'approval.requested')[0]?.data).toMatchObject({
    request: 1,
    by: 0,
    reason: 'the run would touch 51 targets of kind user, and its limit is 50',
    limits: [{ kind: 'user', limit: 50, count: 51 }],
    counts: [{ verb: 'ban', kind: 'user', count: 51 }],
  });
  const second = await world.resume(first.runId, first.plan, { people: approving });
  expect(second.end.status).toBe('done');
  expect(sent).toHaveLength(51);
  expect(asked).toHaveLength(1);
});

test('a limit of 50 lets 50 targets go without a question', async () => {
  world.actions.set(
    'test.act',
    act(async (ctx) => banAll(ctx, users(50))),
  );
  const { end } = await world.start(limited(50, step('act')));
  expect([end.status, sent.length]).toEqual(['done', 50]);
});

test('the smaller of the limits of playbook and project holds', async () => {
  world.actions.set(
    'test.act',
    act(async (ctx) => banAll(ctx, users(3))),
  );
  const rules = { limits: { user: 2 }, protect: { ids: [], emails: [], domains: [], metadata: [] } };
  const { end } = await world.start(limited(50, step('act')), { people: approving, engine: { rules } });
  expect(end.status).toBe('done');
  expect(asked.map((request) => request.limits)).toEqual([[{ kind: 'user', limit: 2, count: 3 }]]);
});

test('targets are counted over the whole run, each once, whichever steps touch it', async () => {
  const lists = { a: users(30), b: users(30, 20), c: users(2, 49) };
  world.actions.set(
    'test.act',
    act(async (ctx) => banAll(ctx, lists[ctx.run.step as 'a' | 'b' | 'c'])),
  );
  const yaml = limited(50, step('a'), step('b'), step('c'));
  const { end } = await world.start(yaml, { people: approving });
  expect(end.status).toBe('done');
  expect(asked.map((request) => request.limits)).toEqual([[{ kind: 'user', limit: 50, count: 51 }]]);
  expect(sent).toHaveLength(62);
});

test('what was approved holds for the run, and more than that is asked for again', async () => {
  const lists = { a: users(4), b: users(4), c: users(5) };
  world.actions.set(
    'test.act',
    act(async (ctx) => banAll(ctx, lists[ctx.run.step as 'a' | 'b' | 'c'])),
  );
  await world.start(limited(3, step('a'), step('b'), step('c')), { people: approving });
  expect(asked.map((request) => request.limits)).toEqual([
    [{ kind: 'user', limit: 3, count: 4 }],
    [{ kind: 'user', limit: 3, count: 5 }],
  ]);
});

test('what was so already, is protected or was refused is not counted', async () => {
  const rules = { limits: {}, protect: { ids: ['u1'], emails: [], domains: [], metadata: [] } };
  world.actions.set(
    'test.act',
    act(async (ctx) => {
      if (ctx.run.step === 'b') return banAll(ctx, users(2, 10));
      const targets = [{ id: 'u0', before: { banned: true } }, { id: 'u1' }];
      await ctx.changes({ ...ban, targets }, async () => undefined);
    }),
  );
  const { end } = await world.start(limited(2, step('a'), step('b')), { people: approving, engine: { rules } });
  expect([end.status, asked]).toEqual(['done', []]);
});

test('a session counts its user, also where only the reader knows whose it is', async () => {
  const owners = ['ana', 'bob', 'cem'];
  const describe = async (_kind: string, ids: readonly string[]) =>
    new Map(
      ids.map((id) => [id, { attributes: {}, state: {}, owner: { kind: 'user', id: owners[Number(id)] ?? '' } }]),
    );
  world.actions.set(
    'test.act',
    act(
      async (ctx) => {
        const targets = [{ id: '0', owner: { kind: 'user', id: 'ana' } }, { id: '1', before: {} }, { id: '2' }];
        await ctx.changes({ kind: 'session', verb: 'end', after: { ended: true }, targets }, async ([one]) => {
          sent.push(one?.id ?? '');
          return undefined;
        });
      },
      { describe },
    ),
  );
  const { end } = await world.start(limited(2, step('act')));
  expect(sent).toEqual([]);
  expect(end.waitsFor).toEqual(['act: your confirmation to touch 3 targets of kind user, over 2']);
});

test('a single change pauses at the first one over, and the run goes on from there', async () => {
  world.actions.set(
    'test.act',
    act(async (ctx) => {
      for (const { id } of users(4)) {
        await ctx.change({ ...ban, id }, async () => {
          sent.push(id);
        });
      }
    }),
  );
  const first = await world.start(limited(2, step('act')));
  expect(sent).toEqual(['u0', 'u1']);
  const second = await world.resume(first.runId, first.plan, { people: approving });
  expect(second.end.status).toBe('done');
  expect(asked.map((request) => request.limits?.[0]?.count)).toEqual([3, 4]);
  expect(sent).toEqual(['u0', 'u1', 'u2', 'u3']);
});

test('steps at once cannot both fit into the same room', async () => {
  world.actions.set(
    'test.act',
    act(async (ctx) => banAll(ctx, users(3, ctx.run.step === 'both/a' ? 0 : 10))),
  );
  const inGroup = ['  - id: both', '    title: Both', '    parallel: true', '    steps:', `    ${step('a')}`].join(
    '\n',
  );
  const yaml = limited(5, inGroup, `    ${step('b')}`);
  const { end } = await world.start(yaml);
  expect(end.status).toBe('waiting');
  expect(sent).toHaveLength(3);
});

test('an action that goes by owners is stopped before its first call', async () => {
  world.actions.set(
    'test.act',
    act(async (ctx) => {
      for (const user of await ctx.expect({ kind: 'user', ids: ['ana', 'bob', 'ana', 'cem'] })) {
        const spec = { kind: 'session', verb: 'end', after: { ended: true }, owner: { kind: 'user', id: user } };
        await ctx.change({ ...spec, id: `s-${user}` }, async () => {
          sent.push(user);
        });
      }
    }),
  );
  const first = await world.start(limited(2, step('act')));
  expect([first.end.status, sent]).toEqual(['waiting', []]);
  const second = await world.resume(first.runId, first.plan, { people: approving });
  expect([second.end.status, sent]).toEqual(['done', ['ana', 'bob', 'cem']]);
  expect(asked).toHaveLength(1);
});

test('those who approve the step are asked about its limit, and a denial fails it', async () => {
  world.actions.set(
    'test.act',
    act(async (ctx) => banAll(ctx, users(3))),
  );
  const yaml = limited(2, step('act', 'approval: { by: 1, role: security }'));
  const people: People = {
    ...nobody,
    approval: async ({ request }) => {
      asked.push(request);
      if (request.limits === undefined) return { kind: 'given', actor: 'person:boss', role: 'security' };
      return { kind: 'denied', actor: 'person:boss', role: 'security', reason: 'too many' };
    },
  };
  const { end, state } = await world.start(yaml, { people });
  expect(asked.map(({ request, by, role, limits }) => [request, by, role, limits?.length])).toEqual([
    [1, 1, 'security', undefined],
    [2, 1, 'security', 1],
  ]);
  expect([end.status, sent]).toEqual(['failed', []]);
  expect(state.steps.get('act')?.error?.code).toBe('E_APPROVAL_DENIED');
});

test('a resumed run counts what it touched before', async () => {
  const pause = new AbortController();
  world.actions.set(
    'test.act',
    act(async (ctx) => {
      if (ctx.run.step === 'b') return banAll(ctx, users(1, 10));
      await banAll(ctx, users(2));
      pause.abort();
    }),
  );
  const first = await world.start(limited(2, step('a'), step('b')), { pause: pause.signal });
  expect(first.end.isInterrupted).toBe(true);
  await world.resume(first.runId, first.plan, { people: approving });
  expect(asked.map((request) => request.limits)).toEqual([[{ kind: 'user', limit: 2, count: 3 }]]);
});
