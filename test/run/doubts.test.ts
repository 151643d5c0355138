// Effects that were sent and never answered, of an action that must not simply send them again.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Action, ActionContext } from '../../engine/action.ts';
import { RunbookError } from '../../engine/errors.ts';
import type { JsonObject } from '../../engine/json.ts';
import { openChangesOf } from '../../engine/run/change-views.ts';
import { type Clock, systemClock } from '../../engine/run/clock.ts';
import { decide } from '../../engine/run/decide.ts';
import type { Draft } from '../../engine/run/events.ts';
import { nobody, type People } from '../../engine/run/people.ts';
import { RunSession } from '../../engine/run/session.ts';
import { waitsOf } from '../../engine/run/waits.ts';
import type { Journal } from '../../engine/store/journal.ts';
import { opened, stateOf } from '../ui/events.ts';
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

/** Time runs out for a step when its change has been sent, and not by the clock of a busy machine. */
let runOut: () => void = () => undefined;
const clock: Clock = {
  ...systemClock,
  after(ms, run) {
    if (ms < 3_000_000) return systemClock.after(ms, run);
    runOut = run;
    return () => {
      runOut = () => undefined;
    };
  },
};

/** Sends, has no answer, and is cut off. */
const hangs = (ctx: ActionContext, id = 'ana'): Promise<unknown> =>
  ctx.changes({ ...ban, targets: [{ id, before: { banned: false } }] }, async (_chunk, signal) => {
    sent.push(id);
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
      runOut();
    });
  });
const reads: NonNullable<Action['describe']> = async (_kind, ids) =>
  new Map(ids.map((id) => [id, { attributes: {}, state: { banned: sent.includes(id) } }]));

async function append(runId: string, ...drafts: Draft[]): Promise<void> {
  const session = await RunSession.open({
    journal: world.journal,
    runId,
    clock: systemClock,
    holder: { id: 'test-person', host: 'test', pid: process.pid, operator: 'ana' },
  });
  await session.append(...drafts);
  await session.close();
}
const abort: Draft = { type: 'abort.requested', actor: 'person:ana', data: { by: 'ana', reason: 'enough' } };
const resolved = (choice: 'done' | 'repeat' | 'skip', id = 'ana'): Draft => ({
  type: 'doubt.resolved',
  actor: 'person:ana',
  step: 'act',
  data: { kind: 'user', verb: 'ban', round: 0, ids: [id], choice, reason: 'I looked', by: 'ana' },
});

test.for(['continue', 'abort', 'pause'])(
  'a step that ran out of time over a change that must not be sent twice asks first, under onFailure: %s',
  async (onFailure) => {
    use((ctx) => hangs(ctx));
    const first = await world.start(step(`, timeout: 1h, onFailure: ${onFailure}`), { clock });
    expect(first.end).toMatchObject({
      status: 'waiting',
      waitsFor: ['act: word of what became of one change: ban user ana'],
    });
    const interrupted = ofType(await world.events(first.runId), 'attempt.interrupted');
    expect(interrupted.map(({ data }) => data.message)).toEqual([expect.stringContaining('longer than 1 h; ban user')]);
    // Answered, it goes on with time of its own.
    const second = await world.resume(first.runId, first.plan, { clock, people: deciding('done') });
    expect([second.end.status, second.state.steps.get('act')?.phase]).toEqual(['done', 'done']);
    expect(sent).toEqual(['ana']);
  },
);

test('a step that ran out of time fails at once where the reader sees what became of its change', async () => {
  use((ctx) => hangs(ctx), { describe: reads });
  const { end, state, runId } = await world.start(step(', timeout: 1h, onFailure: continue'), { clock });
  expect([end.status, state.steps.get('act')?.error?.code]).toEqual(['done', 'E_STEP_TIMEOUT']);
  expect(await outcomes(runId)).toEqual({ ana: 'done' });
});

test('a time-out that fires while the question is put does not end the step', () => {
  const state = stateOf([
    opened('', 'group', 'Test'),
    opened('act', 'uses', 'Act'),
    {
      type: 'change.intended',
      actor: 'engine',
      step: 'act',
      data: { ...ban, attempt: 1, round: 0, targets: [{ id: 'a' }] },
    },
    { type: 'change.doubted', actor: 'engine', step: 'act', data: { kind: 'user', verb: 'ban', round: 0, ids: ['a'] } },
    { type: 'timer.fired', actor: 'engine', step: 'act', data: { timer: 'timeout:act#2.0' } },
  ]);
  expect(state.steps.get('act')).toMatchObject({ timedOut: false, doubts: [{ ids: ['a'] }] });
  expect(waitsOf(state)).toMatchObject([{ for: 'doubt' }]);
});

test('an answer that comes after all ends the question', () => {
  const at = { kind: 'user', verb: 'ban', round: 0 } as const;
  const state = stateOf([
    opened('', 'group', 'Test'),
    opened('act', 'uses', 'Act'),
    {
      type: 'change.intended',
      actor: 'engine',
      step: 'act',
      data: { ...at, after: {}, attempt: 1, targets: [{ id: 'a' }] },
    },
    { type: 'change.doubted', actor: 'engine', step: 'act', data: { ...at, ids: ['a'] } },
    { type: 'change.settled', actor: 'engine', step: 'act', data: { ...at, results: [{ id: 'a', outcome: 'done' }] } },
  ]);
  expect(state.steps.get('act')?.doubts).toEqual([]);
});

test('a reader that fails leaves the question to a person, and not the step failed', async () => {
  const describe: NonNullable<Action['describe']> = async () => {
    throw new Error('the service is down');
  };
  use(
    async (ctx) => {
      await hangs(ctx).catch(() => undefined);
      return null;
    },
    { describe },
  );
  const { end } = await world.start(step(', timeout: 1h, onFailure: continue'), { clock });
  expect(end.status).toBe('waiting');
});

describe('a step that ends while changes have no known outcome', () => {
  const idempotent = { idempotent: true } as const;

  test('is looked at before: what the reader finds done is done', async () => {
    for (const [more, status] of [
      [', timeout: 1h, onFailure: continue', 'done'],
      [', timeout: 1h, onFailure: abort', 'aborted'],
    ] as const) {
      sent = [];
      use((ctx) => hangs(ctx), { ...idempotent, describe: reads });
      const { end, runId } = await world.start(step(more), { clock });
      expect(end.status).toBe(status);
      expect(await outcomes(runId)).toEqual({ ana: 'done' });
    }
  });

  test('is looked at where the run is aborted while a person was asked', async () => {
    let sees = false;
    const describe: typeof reads = async (kind, ids, ctx) => (sees ? reads(kind, ids, ctx) : new Map());
    use((ctx) => hangs(ctx), { describe });
    const { runId, plan } = await world.start(step(', timeout: 1h'), { clock });
    sees = true;
    await append(runId, abort);
    const { end } = await world.resume(runId, plan);
    expect(end.status).toBe('aborted');
    expect(await outcomes(runId)).toEqual({ ana: 'done' });
  });

  test('is looked at where the group around it ran out of time', async () => {
    for (const describe of [reads, undefined]) {
      sent = [];
      use((ctx) => hangs(ctx), describe === undefined ? {} : { describe });
      const { state, runId } = await world.start(
        playbook(`  - id: both
    title: Both
    timeout: 1h
    onFailure: continue
    steps:
      - { id: act, title: Act, uses: test.act, approval: { none: a test } }
`),
        { clock },
      );
      const open = openChangesOf(await world.fold(runId));
      expect([state.steps.get('both/act')?.skip?.kind, open.length]).toEqual([
        'timeout',
        describe === undefined ? 1 : 0,
      ]);
    }
  });

  test('is looked at before the run ends where a person skipped it from elsewhere', async () => {
    use((ctx) => hangs(ctx), { ...idempotent, describe: async () => new Map() });
    const { runId, plan } = await world.start(step(', timeout: 1h'), { clock });
    expect(await outcomes(runId)).toEqual({ ana: 'unknown' });
    await append(runId, {
      type: 'step.skipped',
      actor: 'person:ana',
      step: 'act',
      data: { reason: { kind: 'person', text: 'ana: known' } },
    });
    use((ctx) => hangs(ctx), { ...idempotent, describe: reads });
    const { end } = await world.resume(runId, plan);
    expect(end.status).toBe('done');
    expect(await outcomes(runId)).toEqual({ ana: 'done' });
  });

  test('does not wait for ever for a reader that does not answer', async () => {
    let tick = (): void => undefined;
    const impatient: Clock = {
      ...clock,
      after: (ms, run) => {
        if (ms !== 10_000) return clock.after(ms, run);
        tick = run;
        return () => undefined;
      },
    };
    const describe: typeof reads = () => {
      tick();
      return new Promise(() => undefined);
    };
    use((ctx) => hangs(ctx), { ...idempotent, describe });
    const { end, runId } = await world.start(step(', timeout: 1h, onFailure: continue'), { clock: impatient });
    expect([end.status, await outcomes(runId)]).toEqual(['done', { ana: 'unknown' }]);
  });

  test('keeps those that nobody knows of, and hears of them still when the run has ended', async () => {
    use((ctx) => hangs(ctx), idempotent);
    const { end, runId } = await world.start(step(', timeout: 1h, onFailure: continue'), { clock });
    expect([end.status, await outcomes(runId)]).toEqual(['done', { ana: 'unknown' }]);
    expect(openChangesOf(await world.fold(runId)).map(({ id }) => id)).toEqual(['ana']);
    await append(runId, resolved('done'));
    const state = await world.fold(runId);
    expect([state.endedAt !== null, openChangesOf(state).length]).toEqual([true, 0]);
    expect(await outcomes(runId)).toEqual({ ana: 'done' });
  });
});

test('a change said to be sent again, and then not sent since the run was aborted, may still have happened', async () => {
  use(async (ctx) => sendAll(ctx, ['ana'], ['ana']));
  const { runId, plan } = await world.start(step());
  await append(runId, resolved('repeat'), abort);
  const { end } = await world.resume(runId, plan);
  expect([end.status, await outcomes(runId)]).toEqual(['aborted', { ana: 'unknown' }]);
});

test('a temporary change whose step stopped is due too', async () => {
  use(
    async (ctx) => {
      await ctx.change({ ...ban, id: 'ana', undo: { uses: 'test.act' } }, async () => undefined);
      throw new Error('the rest failed');
    },
    { idempotent: true, isUndoable: true },
  );
  const { state, plan } = await world.start(
    playbook('  - { id: act, title: Act, uses: test.act, approval: { none: a test }, temporary: 1h }\n'),
  );
  const due = decide(plan, state).find((command) => command.type === 'wake');
  expect(due).toMatchObject({ path: 'act', at: Date.parse(state.steps.get('act')?.stoppedAt ?? '') + 3_600_000 });
});

/** A journal that takes so many outcomes, and then nothing more: its process was killed. */
function killedAfter(recorded: number): Journal {
  const { journal } = world;
  let settled = 0;
  const appendUntilKilled: Journal['append'] = async (request) => {
    if (request.drafts.some(({ type }) => type === 'change.settled')) settled += 1;
    if (settled > recorded) throw new RunbookError({ code: 'E_STORE_IO', message: 'killed' });
    return journal.append(request);
  };
  const dying: Journal = new Proxy(journal, {
    get(target, name) {
      const value: unknown = name === 'append' ? appendUntilKilled : Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return dying;
}

test('killed in the middle of a bulk and then aborted, a run knows what the reader sees of it', async () => {
  const users = ['ana', 'bob', 'cem', 'dan'];
  use(async (ctx) => sendAll(ctx, users, []), { idempotent: true, describe: reads });
  await expect(world.start(step(), { journal: killedAfter(1) })).rejects.toThrow('killed');
  const [row] = await world.journal.runs();
  const runId = row?.id ?? '';
  await append(runId, abort);
  const { end } = await world.resume(runId, world.compile(step()));
  expect([end.status, sent]).toEqual(['aborted', ['ana', 'bob']]);
  // bob was sent and its answer lost; the others were only intended, and nothing says that they did not happen.
  expect(await outcomes(runId)).toEqual({ ana: 'done', bob: 'done', cem: 'intended', dan: 'intended' });
  expect(openChangesOf(await world.fold(runId)).map(({ id }) => id)).toEqual(['cem', 'dan']);
});

test('new code that a person does not want leaves the question what the old code did', async () => {
  use(async (ctx) => sendAll(ctx, ['ana'], []));
  const yaml = step(', onFailure: continue');
  const old = { engine: { actionDigest: () => 'old' } };
  await expect(world.start(yaml, { ...old, journal: killedAfter(0) })).rejects.toThrow('killed');
  const [row] = await world.journal.runs();
  const runId = row?.id ?? '';
  const changed = { engine: { actionDigest: () => 'new' } };
  const asked = await world.resume(runId, world.compile(yaml), changed);
  expect(asked.state.steps.get('act')?.approval?.pending?.changedCode).toEqual({ from: 'old', to: 'new' });
  await append(runId, {
    type: 'approval.denied',
    actor: 'person:bo',
    step: 'act',
    data: { request: 1, by: 'bo', reason: 'not this one' },
  });
  const second = await world.resume(runId, world.compile(yaml), changed);
  expect(second.end).toMatchObject({
    status: 'waiting',
    waitsFor: ['act: word of what became of one change: ban user ana'],
  });
  await append(runId, resolved('done'));
  const third = await world.resume(runId, world.compile(yaml), changed);
  expect([third.end.status, third.state.steps.get('act')?.error?.code]).toEqual(['done', 'E_APPROVAL_DENIED']);
  expect([sent, await outcomes(runId)]).toEqual([['ana'], { ana: 'done' }]);
});
