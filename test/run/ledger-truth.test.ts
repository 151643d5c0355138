// What the ledger says of an effect is no more than is known: of one that may have happened, of one that others have changed
// since, of one whose state was read too early.
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { type Action, type ActionContext, ChangeRefused, type ChangeResult } from '../../engine/action.ts';
import { RunbookError } from '../../engine/errors.ts';
import { nobody, type People } from '../../engine/run/people.ts';
import type { Journal } from '../../engine/store/journal.ts';
import { act, ofType, openWorld, playbook, type World } from './harness.ts';
import { reopen, Service, takeBack } from './undo-world.ts';

const ban = { kind: 'user', verb: 'ban', after: { banned: true } } as const;
const step = (more = '', top = ''): string =>
  playbook(`  - { id: act, title: Act, uses: test.act, approval: { none: a test }${more} }\n`, top);
const twice = step(', retry: { attempts: 2, delay: 1ms }');

let world: World;
let sent: string[];
/** Who is banned on the outside. */
let banned: Set<string>;
beforeEach(async () => {
  world = await openWorld();
  sent = [];
  banned = new Set();
});
afterEach(() => world.close());

function use(run: (ctx: ActionContext) => Promise<unknown>, more: Partial<Action> = {}): void {
  world.actions.set('test.act', act(run, more));
}

const describe: NonNullable<Action['describe']> = async (_kind, ids) =>
  new Map(ids.map((id) => [id, { attributes: {}, state: { banned: banned.has(id) } }]));

/** @throws where not all are done. */
async function banAll(
  ctx: ActionContext,
  ids: readonly string[],
  answer: (id: string) => void = () => undefined,
): Promise<void> {
  const targets = ids.map((id) => ({ id }));
  const results = await ctx.changes({ ...ban, targets }, async ([target]) => {
    const id = target?.id ?? '';
    sent.push(id);
    answer(id);
    banned.add(id);
    return undefined;
  });
  if (results.some(({ outcome }) => outcome !== 'done' && outcome !== 'already')) throw new Error('not all are done');
}

const outcomes = async (runId: string): Promise<Record<string, string>> => {
  const { changes } = await world.fold(runId);
  return Object.fromEntries([...(changes.get('act')?.values() ?? [])].map(({ id, outcome }) => [id, outcome]));
};

const retryingOnce = (): People => {
  let tries = 0;
  return {
    ...nobody,
    failure: async () => {
      tries += 1;
      return tries === 1 ? { kind: 'retry', actor: 'person:ana', reason: 'again' } : { kind: 'later' };
    },
  };
};

/** The store fails from the first append on that holds such an event: as good as a kill. */
function dyingAt(type: string): Journal {
  let isDead = false;
  return new Proxy(world.journal, {
    get(journal, name) {
      const value: unknown = Reflect.get(journal, name, journal);
      if (typeof value !== 'function') return value;
      if (name !== 'append') return value.bind(journal);
      return async (request: Parameters<Journal['append']>[0]) => {
        isDead ||= request.drafts.some((draft) => draft.type === type);
        if (isDead) throw new RunbookError({ code: 'E_STORE_IO', message: 'killed' });
        return journal.append(request);
      };
    },
  });
}

test('what may have happened stays unknown where a later attempt stops before its turn', async () => {
  const pause = new AbortController();
  let attempt = 0;
  use(async (ctx) => {
    attempt += 1;
    await banAll(ctx, ['a', 'b', 'c'], () => {
      if (attempt === 1) throw new Error('socket hang up');
      pause.abort();
    });
  });
  const first = await world.start(step());
  expect(await outcomes(first.runId)).toEqual({ a: 'unknown', b: 'unknown', c: 'unknown' });
  await world.resume(first.runId, first.plan, { people: retryingOnce(), pause: pause.signal });
  expect(sent).toEqual(['a', 'b', 'c', 'a']);
  expect(await outcomes(first.runId)).toEqual({ a: 'done', b: 'unknown', c: 'unknown' });
});

test.for([
  [
    'a refusal',
    () => {
      throw new ChangeRefused('429');
    },
  ],
  ['an answer that says it failed', () => new Map([['a', { outcome: 'failed' as const }]])],
] as const)('what may have happened stays unknown after %s to its repetition', async ([, refuse]) => {
  let attempt = 0;
  use(async (ctx) => {
    attempt += 1;
    const [result] = await ctx.changes({ ...ban, targets: [{ id: 'a' }] }, async () => {
      if (attempt === 1) throw new Error('socket hang up');
      return refuse();
    });
    if (result?.outcome !== 'done') throw new Error('again');
  });
  const { runId } = await world.start(twice);
  expect(attempt).toBe(2);
  expect(await outcomes(runId)).toEqual({ a: 'unknown' });
});

test('one that a person wants sent again is unknown until it is', async () => {
  use(async (ctx) => banAll(ctx, ['a'], () => sent.length === 1 && fail('socket hang up')), { idempotent: false });
  const first = await world.start(step());
  const data = {
    kind: 'user',
    verb: 'ban',
    round: 0,
    ids: ['a'],
    choice: 'repeat',
    reason: 'looked',
    by: 'ana',
  } as const;
  await world.journal.append({
    runId: first.runId,
    since: first.state.seq,
    fence: null,
    drafts: [{ type: 'doubt.resolved', actor: 'person:ana', step: 'act', data }],
  });
  expect(await outcomes(first.runId)).toEqual({ a: 'unknown' });
  const { end } = await world.resume(first.runId, first.plan);
  expect([end.status, sent]).toEqual(['done', ['a', 'a']]);
});

function fail(message: string): never {
  throw new Error(message);
}

test('two changes of one target in one action are both sent, whatever was read before the first', async () => {
  const app = { mode: 'off' };
  use(
    async (ctx) => {
      for (const mode of ['on', 'off']) {
        await ctx.change({ kind: 'app', id: 'shop', verb: `switch-${mode}`, after: { mode } }, async () => {
          sent.push(mode);
          app.mode = mode;
        });
      }
    },
    { describe: async (_kind, ids) => new Map(ids.map((id) => [id, { attributes: {}, state: { ...app } }])) },
  );
  const { end } = await world.start(step());
  expect([end.status, sent]).toEqual(['done', ['on', 'off']]);
});

test.for([true, false])('a lost answer is told by a fresh look (idempotent: %s)', async (idempotent) => {
  let reads = 0;
  use(
    async (ctx) => {
      await ctx.changes({ ...ban, targets: [{ id: 'ana' }] }, async () => {
        sent.push('ana');
        banned.add('ana');
        throw new Error('socket hang up');
      });
    },
    {
      idempotent,
      describe: async (...given) => {
        reads += 1;
        return describe(...given);
      },
    },
  );
  const { end, runId } = await world.start(step());
  expect([end.status, sent, reads]).toEqual(['done', ['ana'], 2]);
  expect(await outcomes(runId)).toEqual({ ana: 'done' });
});

test('a look that began before an effect is not kept as the state after it', async () => {
  const begun = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  let results: readonly ChangeResult[] = [];
  use(
    async (ctx) => {
      const slow = ctx.change({ kind: 'user', id: 'ana', verb: 'ban-softly', after: { banned: true } }, async () => {
        sent.push('softly');
      });
      await begun.promise;
      await ctx.change({ ...ban, id: 'ana', before: { banned: false } }, async () => {
        sent.push('ban');
      });
      banned.add('ana');
      goOn.resolve();
      await slow;
      results = [
        await ctx.change(
          { kind: 'user', id: 'ana', verb: 'ban-again', after: { banned: true } },
          async () => undefined,
        ),
      ];
    },
    {
      describe: async (kind, ids, ctx) => {
        const states = await describe(kind, ids, ctx);
        begun.resolve();
        await goOn.promise;
        return states;
      },
    },
  );
  const { end } = await world.start(step());
  expect(end.status).toBe('done');
  expect(results.map(({ outcome }) => outcome)).toEqual(['already']);
});

test('whom a change belongs to counts against limits also where its first sending was refused', async () => {
  const owned: NonNullable<Action['describe']> = async (kind, ids) =>
    new Map(
      ids.map((id) => [
        id,
        { attributes: {}, state: {}, ...(kind === 'user' ? {} : { owner: { kind: 'user', id: `user-of-${id}` } }) },
      ]),
    );
  let attempt = 0;
  use(
    async (ctx) => {
      attempt += 1;
      const ids = attempt === 1 ? ['s1', 's2'] : ['s1', 's2', 's3', 's4'];
      const spec = { kind: 'session', verb: 'end', after: { ended: true }, targets: ids.map((id) => ({ id })) };
      await ctx.changes(spec, async ([target]) => {
        if (attempt === 1) throw new ChangeRefused('429');
        sent.push(target?.id ?? '');
        return undefined;
      });
      if (attempt === 1) throw new Error('again');
    },
    { describe: owned },
  );
  const { end } = await world.start(step(', retry: { attempts: 2, delay: 1ms }', 'limits: { user: 2 }\n'));
  expect([end.status, sent]).toEqual(['waiting', []]);
});

test('a change that an action does not await ends no process where the action fails meanwhile', async () => {
  const rejected: unknown[] = [];
  const note = (reason: unknown): void => void rejected.push(reason);
  const others = process.listeners('unhandledRejection');
  process.removeAllListeners('unhandledRejection');
  process.on('unhandledRejection', note);
  onTestFinished(() => {
    process.removeAllListeners('unhandledRejection');
    for (const other of others) process.on('unhandledRejection', other);
  });
  use(async (ctx) => {
    void ctx.changes({ ...ban, targets: [{ id: 'a' }, { id: 'b' }] }, async () => undefined);
    void ctx.change({ ...ban, id: 'c' }, async () => undefined);
    void ctx.secret('UNKNOWN');
    void ctx.exec('true', []);
    throw new Error('not awaited');
  });
  const { end } = await world.start(step(', onFailure: continue'));
  // Rejections nobody handles are reported once the queue of microtasks is empty.
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
  expect([end.status, rejected]).toEqual(['done', []]);
});

test('what was never sent is looked at anew when its turn comes: somebody else may have done it', async () => {
  let attempt = 0;
  use(
    async (ctx) => {
      attempt += 1;
      await banAll(ctx, ['a', 'b'], () => {
        if (attempt === 1) throw new ChangeRefused('429');
      });
    },
    { describe },
  );
  const first = await world.start(step());
  expect(await outcomes(first.runId)).toEqual({ a: 'failed', b: 'failed' });
  banned.add('b');
  sent = [];
  const { end } = await world.resume(first.runId, first.plan, { people: retryingOnce() });
  expect([end.status, sent]).toEqual(['done', ['a']]);
  expect(await outcomes(first.runId)).toEqual({ a: 'done', b: 'already' });
});

test('run again after an undo, what somebody changed since is done anew', async () => {
  const service = new Service(2);
  for (const action of service.actions()) world.actions.set(action.name, action);
  const yaml =
    playbook(`  - { id: ban, title: Ban, uses: test.ban, approval: { none: a test }, with: { users: [u0, u1] } }
  - { id: wait, title: Wait, manual: Look. }
`);
  const { runId, plan } = await world.start(yaml);
  service.banned.set('u1', false);
  const { state } = await takeBack(world, runId, { plan });
  expect(state.changes.get('ban')?.size).toBe(2);
  await reopen(world, runId, 'ban');
  service.calls.length = 0;
  await world.resume(runId, plan, {});
  expect(service.calls).toEqual(['ban u0', 'ban u1']);
  expect(service.snapshot()).toEqual({ u0: true, u1: true });
});

test('a call that says it must not be sent twice is not, also where nobody calls it again after a kill', async () => {
  let attempt = 0;
  use(async (ctx) => {
    attempt += 1;
    if (attempt > 1) return;
    const spec = { kind: 'mail', verb: 'post', after: { sent: true }, targets: [{ id: 'm' }], idempotent: false };
    await ctx.changes(spec, async () => undefined);
  });
  const yaml = step();
  await world.start(yaml, { journal: dyingAt('change.settled') }).catch(() => undefined);
  const [run] = await world.journal.runs();
  const { end, runId } = await world.resume(run?.id ?? '', world.compile(yaml));
  expect(end).toMatchObject({ status: 'waiting', waitsFor: ['act: word of what became of one change: post mail m'] });
  expect(ofType(await world.events(runId), 'change.intended').map(({ data }) => data.idempotent)).toEqual([false]);
});

test('a target that is given twice is sent once and has a result for each', async () => {
  let results: readonly ChangeResult[] = [];
  use(async (ctx) => {
    const targets = ['a', 'a', 'b'].map((id) => ({ id }));
    results = await ctx.changes({ ...ban, targets }, async ([target]) => void sent.push(target?.id ?? ''));
  });
  await world.start(step());
  expect(sent).toEqual(['a', 'b']);
  expect(results.map(({ id, outcome }) => `${id} ${outcome}`)).toEqual(['a done', 'a done', 'b done']);
});
