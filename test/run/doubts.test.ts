// Effects that were sent and never answered, of an action that must not simply send them again.
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Action, ActionContext } from '../../engine/action.ts';
import type { JsonObject } from '../../engine/json.ts';
import { nobody, type People } from '../../engine/run/people.ts';
import { act, ofType, openWorld, playbook, type World } from './harness.ts';

const ban = { kind: 'user', verb: 'ban', after: { banned: true } } as const;
const step = (more = ''): string =>
  playbook(
    `  - { id: act, title: Act, uses: test.act, approval: { none: a test }, retry: { attempts: 3, delay: 1ms }${more} }\n`,
  );

let world: World;
let sent: string[];
beforeEach(async () => {
  world = await openWorld();
  sent = [];
});
afterEach(() => world.close());

/** Sends to each of these; answers to those in `lost` do not come, the first time. */
async function sendAll(ctx: ActionContext, ids: readonly string[], lost: readonly string[]): Promise<void> {
  const answered = new Set(sent);
  await ctx.changes({ ...ban, targets: ids.map((id) => ({ id })) }, async ([target]) => {
    const id = target?.id ?? '';
    sent.push(id);
    if (lost.includes(id) && !answered.has(id)) throw new Error('socket hang up');
    return undefined;
  });
}

function use(run: (ctx: ActionContext) => Promise<unknown>, more: Partial<Action> = {}): void {
  world.actions.set('test.act', act(run, { idempotent: false, ...more }));
}

function deciding(choice: 'done' | 'repeat' | 'skip', ids?: readonly string[]): People {
  const doubt: People['doubt'] = async () => ({
    kind: choice,
    actor: 'person:ana',
    reason: 'I looked',
    ...(ids === undefined ? {} : { ids }),
  });
  return { ...nobody, doubt };
}

const outcomes = async (runId: string): Promise<Record<string, string>> => {
  const { changes } = await world.fold(runId);
  return Object.fromEntries([...(changes.get('act')?.values() ?? [])].map(({ id, outcome }) => [id, outcome]));
};

test.for(['', ', onFailure: continue', ', onFailure: abort'])(
  'a change whose answer was lost waits for a person, whatever the playbook says of failures (%s)',
  async (more) => {
    use(async (ctx) => {
      const { outcome } = await ctx.change({ ...ban, id: 'ana' }, async () => {
        sent.push('ana');
        throw new Error('socket hang up');
      });
      if (outcome !== 'done') throw new Error('again');
    });
    const { end, runId, state } = await world.start(step(more));
    expect(sent).toEqual(['ana']);
    expect(end).toMatchObject({
      status: 'waiting',
      waitsFor: ['act: word of what became of one change: ban user ana'],
    });
    expect(state.steps.get('act')?.doubts).toEqual([{ kind: 'user', verb: 'ban', round: 0, ids: ['ana'] }]);
    const events = await world.events(runId);
    expect(ofType(events, 'attempt.interrupted').map(({ data }) => data.reason)).toEqual(['in-doubt']);
    expect(ofType(events, 'attempt.failed')).toEqual([]);
  },
);

test.for([
  ['done', { ana: 'done', bob: 'done', cem: 'done' }],
  ['repeat', { ana: 'done', bob: 'done', cem: 'done' }],
  ['skip', { ana: 'done', bob: 'skipped', cem: 'done' }],
] as const)('said to be %s, it is dealt with so, and the rest goes on', async ([choice, expected]) => {
  use(async (ctx) => sendAll(ctx, ['ana', 'bob', 'cem'], ['bob']));
  const first = await world.start(step());
  expect(await outcomes(first.runId)).toEqual({ ana: 'done', bob: 'unknown', cem: 'done' });
  const second = await world.resume(first.runId, first.plan, { people: deciding(choice) });
  expect(second.end.status).toBe('done');
  expect(sent).toEqual(choice === 'repeat' ? ['ana', 'bob', 'cem', 'bob'] : ['ana', 'bob', 'cem']);
  expect(await outcomes(first.runId)).toEqual(expected);
});

test('each of several may be decided apart, and nothing is sent before all are', async () => {
  use(async (ctx) => sendAll(ctx, ['ana', 'bob'], ['ana', 'bob']));
  const first = await world.start(step());
  expect(first.state.steps.get('act')?.doubts).toMatchObject([{ ids: ['ana', 'bob'] }]);
  const one = deciding('repeat', ['bob']);
  let questions = 0;
  const doubt: People['doubt'] = async (request, signal) => {
    questions += 1;
    return questions === 1 ? one.doubt(request, signal) : { kind: 'later' };
  };
  const second = await world.resume(first.runId, first.plan, { people: { ...nobody, doubt } });
  expect(second.end.status).toBe('waiting');
  expect(sent).toEqual(['ana', 'bob']);
  const third = await world.resume(first.runId, first.plan, { people: deciding('done') });
  expect(third.end.status).toBe('done');
  expect(sent).toEqual(['ana', 'bob', 'bob']);
});

test('a call may say that its change can be repeated although its action says no, and the other way round', async () => {
  for (const idempotent of [true, false]) {
    sent = [];
    use(
      async (ctx) => {
        const targets = [{ id: 'ana' }];
        const results = await ctx.changes({ ...ban, targets, idempotent }, async () => {
          sent.push('ana');
          if (sent.length === 1) throw new Error('socket hang up');
          return undefined;
        });
        if (results[0]?.outcome !== 'done') throw new Error('again');
      },
      { idempotent: !idempotent },
    );
    const { end } = await world.start(step());
    expect([end.status, sent.length]).toEqual(idempotent ? ['done', 2] : ['waiting', 1]);
  }
});

test('where the reader sees that it happened nobody is asked', async () => {
  const describe = async (_kind: string, ids: readonly string[]) =>
    new Map(ids.map((id) => [id, { attributes: {}, state: { banned: sent.includes(id) } as JsonObject }]));
  use(
    async (ctx) => {
      const [result] = await ctx.changes({ ...ban, targets: [{ id: 'ana', before: {} }] }, async () => {
        sent.push('ana');
        throw new Error('socket hang up');
      });
      if (result?.outcome !== 'done') throw new Error('again');
    },
    { describe },
  );
  const { end, runId } = await world.start(step());
  expect(end.status).toBe('done');
  expect(sent).toEqual(['ana']);
  expect(await outcomes(runId)).toEqual({ ana: 'done' });
});

test('an action that calls itself done over a lost answer is not believed', async () => {
  use(async (ctx) => sendAll(ctx, ['ana'], ['ana']));
  const { end } = await world.start(step());
  expect([end.status, sent]).toEqual(['waiting', ['ana']]);
});

test('what is left alone by a person is left alone by a retry of the step too', async () => {
  let fails = true;
  use(async (ctx) => {
    await sendAll(ctx, ['ana'], ['ana']);
    if (fails) throw new Error('something else');
  });
  const first = await world.start(step());
  const second = await world.resume(first.runId, first.plan, { people: deciding('skip') });
  expect(second.end.status).toBe('failed');
  fails = false;
  let tries = 0;
  const failure: People['failure'] = async () => {
    tries += 1;
    return tries === 1 ? { kind: 'retry', actor: 'person:ana', reason: 'mended' } : { kind: 'later' };
  };
  const third = await world.resume(first.runId, first.plan, { people: { ...nobody, failure } });
  expect([third.end.status, sent]).toEqual(['done', ['ana']]);
});

test('an action that throws half-way leaves a ledger that says exactly which targets were done', async () => {
  use(
    async (ctx) => {
      for (const id of ['u0', 'u1', 'u2', 'u3', 'u4']) {
        if (id === 'u3') throw new TypeError('a bug of the action');
        await ctx.change({ ...ban, id }, async () => {
          sent.push(id);
        });
      }
    },
    { idempotent: true },
  );
  const { end, runId } = await world.start(step());
  expect(end.status).toBe('failed');
  expect(sent).toEqual(['u0', 'u1', 'u2']);
  expect(await outcomes(runId)).toEqual({ u0: 'done', u1: 'done', u2: 'done' });
});

test('a bulk callback that throws half-way leaves the other batches done, and its own unknown', async () => {
  use(
    async (ctx) => {
      const targets = Array.from({ length: 6 }, (_, index) => ({ id: `u${index}` }));
      await ctx.changes({ ...ban, targets, batch: 2 }, async (chunk) => {
        if (chunk.some(({ id }) => id === 'u2')) throw new TypeError('a bug of the action');
        return undefined;
      });
    },
    { idempotent: true },
  );
  const { runId } = await world.start(step());
  const { u2, u3, ...rest } = await outcomes(runId);
  expect([u2, u3]).toEqual(['unknown', 'unknown']);
  expect(new Set(Object.values(rest))).toEqual(new Set(['done']));
});
