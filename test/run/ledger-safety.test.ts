// What must not happen to effects, each found once the hard way.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { PermanentFailure } from '../../engine/action.ts';
import { act, openWorld, playbook, type World } from './harness.ts';

const ban = { kind: 'user', verb: 'ban', after: { banned: true } } as const;
const once = playbook('  - { id: act, title: Act, uses: test.act, approval: { none: a test } }\n');
const twice = playbook(
  '  - { id: act, title: Act, uses: test.act, approval: { none: a test }, retry: { attempts: 2, delay: 1ms } }\n',
);

let world: World;
beforeEach(async () => {
  world = await openWorld();
});
afterEach(() => world.close());

/** Outcomes by target id. */
const outcomes = (changes: ReadonlyMap<string, { id: string; outcome: string }> | undefined): Record<string, string> =>
  Object.fromEntries([...(changes?.values() ?? [])].map((change) => [change.id, change.outcome]));

test('a single change never runs for a target that an earlier attempt left open', async () => {
  const sent: string[] = [];
  let attempt = 0;
  world.actions.set(
    'test.act',
    act(async (ctx) => {
      attempt += 1;
      for (const id of ['a', 'b', 'c']) {
        const { outcome } = await ctx.change({ ...ban, id }, async () => {
          if (attempt === 1 && id === 'b') throw new Error('socket hang up');
          sent.push(`${attempt}:${id}`);
        });
        if (outcome !== 'done') throw new Error('again');
      }
      return null;
    }),
  );
  const { end, state } = await world.start(twice);
  expect(sent).toEqual(['1:a', '2:b', '2:c']);
  expect(outcomes(state.changes.get('act'))).toEqual({ a: 'done', b: 'done', c: 'done' });
  expect(end.status).toBe('done');
});

for (const idempotent of [true, false]) {
  test(`changes made at once are each sent once (idempotent: ${idempotent})`, async () => {
    const sent: string[] = [];
    let release: () => void = () => undefined;
    const allIntended = new Promise<void>((resolve) => {
      release = resolve;
    });
    world.actions.set(
      'test.act',
      act(
        async (ctx) => {
          await Promise.all(
            ['a', 'b', 'c'].map((id) =>
              ctx.change({ ...ban, id }, async () => {
                sent.push(id);
                if (sent.length === 3) release();
                await allIntended;
              }),
            ),
          );
          return null;
        },
        { idempotent },
      ),
    );
    const { end } = await world.start(once);
    expect(sent.toSorted()).toEqual(['a', 'b', 'c']);
    expect(end.status).toBe('done');
  });
}

test('the same target twice at once is refused, not sent twice', async () => {
  let sent = 0;
  world.actions.set(
    'test.act',
    act(async (ctx) => {
      const change = () =>
        ctx.change({ ...ban, id: 'a' }, async () => {
          sent += 1;
        });
      const settled = await Promise.allSettled([change(), change()]);
      for (const one of settled) if (one.status === 'rejected') throw one.reason;
      return null;
    }),
  );
  const { state } = await world.start(once);
  expect(sent).toBe(1);
  expect(state.steps.get('act')?.error?.code).toBe('E_ACTION_OVERLAP');
});

test('targets that are named by a secret are refused before anything is sent', async () => {
  let sent = 0;
  world.actions.set(
    'test.act',
    act(async (ctx) => {
      const targets = ['111111', '222222'].map((end) => ({ id: `sk_live_abcdef${end}` }));
      await ctx.changes({ ...ban, targets }, async () => {
        sent += 1;
        return undefined;
      });
      return null;
    }),
  );
  const { state } = await world.start(twice);
  expect(sent).toBe(0);
  expect(state.steps.get('act')?.error?.code).toBe('E_TARGET_REDACTED');
});

test('a progress or a detail that is no JSON costs no outcome', async () => {
  world.actions.set(
    'test.act',
    act(async (ctx) => {
      ctx.progress(0 / 0, 0);
      await ctx.changes({ ...ban, targets: [{ id: 'a' }] }, async () => {
        ctx.progress(1 / 0);
        return new Map([['a', { detail: { ratio: 0 / 0 } }]]);
      });
      return null;
    }),
  );
  const { end, state } = await world.start(once);
  expect(end.status).toBe('done');
  expect(outcomes(state.changes.get('act'))).toEqual({ a: 'done' });
});

test('targets never sent are failed, not in doubt, when a failure for good stops the rest', async () => {
  world.actions.set(
    'test.act',
    act(async (ctx) => {
      const targets = Array.from({ length: 200 }, (_, index) => ({ id: `u${index}` }));
      await ctx.changes({ ...ban, targets, batch: 50 }, async () => {
        throw new PermanentFailure('402');
      });
      return null;
    }),
  );
  const { state } = await world.start(once);
  const counts = Object.values(outcomes(state.changes.get('act')));
  expect(counts.filter((outcome) => outcome === 'failed')).toHaveLength(200);
});

test('a pause while the intent is written leaves nothing in doubt', async () => {
  const pause = new AbortController();
  const sent: string[] = [];
  world.actions.set(
    'test.act',
    act(
      async (ctx) => {
        await ctx.changes(
          { ...ban, targets: [{ id: 'a' }, { id: 'b' }] },
          async ([target]) => void sent.push(target?.id ?? ''),
        );
        return null;
      },
      { idempotent: false },
    ),
  );
  const { append } = world.journal;
  world.journal.append = async (request) => {
    const events = await append.call(world.journal, request);
    const isIntentOfB = request.drafts.some(
      (draft) => draft.type === 'change.intended' && draft.data.targets[0]?.id === 'b',
    );
    if (isIntentOfB) pause.abort();
    return events;
  };
  const first = await world.start(once, { pause: pause.signal });
  expect(first.end.isInterrupted).toBe(true);
  const second = await world.resume(first.runId, first.plan);
  expect(second.end.status).toBe('done');
  expect(sent).toEqual(['a', 'b']);
});

test('what was already so, and is so no longer, is done by a retry', async () => {
  const sent: string[] = [];
  let attempt = 0;
  world.actions.set(
    'test.act',
    act(async (ctx) => {
      attempt += 1;
      await ctx.changes(
        { ...ban, targets: [{ id: 'a', before: { banned: attempt === 1 } }] },
        async () => void sent.push('a'),
      );
      if (attempt === 1) throw new Error('again');
      return null;
    }),
  );
  const { state } = await world.start(twice);
  expect(sent).toEqual(['a']);
  expect(outcomes(state.changes.get('act'))).toEqual({ a: 'done' });
});

test('a pause is bounded even where an action never ends, and the change is unknown', async () => {
  const pause = new AbortController();
  world.actions.set(
    'test.act',
    act(async (ctx) =>
      ctx.change({ ...ban, id: 'a' }, async (signal) => {
        pause.abort();
        await new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      }),
    ),
  );
  const { end, state } = await world.start(once, { pause: pause.signal, settleWithinMs: 20 });
  expect(end.isInterrupted).toBe(true);
  expect(outcomes(state.changes.get('act'))).toEqual({ a: 'unknown' });
});

test('a refusal that an action swallows does not pass for done', async () => {
  world.actions.set(
    'test.act',
    act(async (ctx) => {
      try {
        await ctx.change({ ...ban, id: 'sk_live_abcdef111111' }, async () => undefined);
      } catch {
        // Swallowed.
      }
      return ctx.ledger();
    }),
  );
  const { state } = await world.start(once);
  expect(outcomes(state.changes.get('act'))).toEqual({});
});
