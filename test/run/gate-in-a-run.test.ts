// Actions that try to get an effect past the ledger, each in a whole run behind the real gate.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Action, ActionContext } from '../../engine/action.ts';
import { messageOf } from '../../engine/errors.ts';
import { installGate } from '../../engine/run/gate.ts';
import { act, openWorld, playbook, type Started, type World } from './harness.ts';

const ban = { kind: 'user', verb: 'ban', after: { banned: true } } as const;
const step = playbook('  - { id: act, title: Act, uses: test.act, approval: { none: a test } }\n');
const POST = { method: 'POST' } as const;

let world: World;
let server: Server;
let url: string;
/** What reached the other side. */
let received: string[];
/** What an action was told of requests that go on after it. */
let told: string[];
let uninstall: () => void;
beforeEach(async () => {
  world = await openWorld();
  received = [];
  told = [];
  server = createServer((request, response) => {
    received.push(`${request.method} ${request.url}`);
    // Never answered.
    if (request.url !== '/silent') response.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  // A TCP server that listens has an AddressInfo.
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  uninstall = installGate();
});
afterEach(async () => {
  uninstall();
  server.closeAllConnections();
  server.close();
  await world.close();
});

function start(run: (ctx: ActionContext) => Promise<unknown>, more: Partial<Action> = {}): Promise<Started> {
  world.actions.set('test.act', act(run, more));
  return world.start(step);
}
const errorOf = ({ state }: Started): string => state.steps.get('act')?.error?.message ?? '';
const outcomeOf = ({ state }: Started): string | undefined => state.changes.get('act')?.values().next().value?.outcome;
/** A request whose fate is told later. */
const later = (request: Promise<unknown>): void => {
  request.then(
    () => told.push('it left'),
    (error: unknown) => told.push(messageOf(error)),
  );
};

test.for<[string, (ctx: ActionContext) => Promise<unknown>]>([
  ['ctx.fetch', (ctx) => ctx.fetch(`${url}/ban`, POST)],
  ['the global fetch', () => globalThis.fetch(`${url}/ban`, POST)],
  ['a Request', () => fetch(new Request(`${url}/ban`, POST))],
  ['a method in small letters', (ctx) => ctx.fetch(`${url}/ban`, { method: 'post' })],
  ['a method of its own', (ctx) => ctx.fetch(`${url}/ban`, { method: 'PURGE' })],
  ['a fetch kept from inside a timer', (ctx) => ctx.sleep(1).then(() => fetch(`${url}/ban`, POST))],
])('a POST outside a change does not leave by %s, and the step fails', async ([, send]) => {
  const started = await start(async (ctx) => {
    // Swallowed: the refusal counts all the same.
    await send(ctx).catch(() => undefined);
  });
  expect(received).toEqual([]);
  expect(started.end.status).toBe('failed');
  expect(errorOf(started)).toContain('was not sent: outside ctx.change and ctx.changes only reads leave');
});

test('a request that a change leaves behind does not leave once the change has its outcome', async () => {
  let outcome: string | undefined;
  const started = await start(async (ctx) => {
    let goOn: () => void = () => undefined;
    const settled = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    ({ outcome } = await ctx.change({ ...ban, id: 'ana' }, async () => {
      later(settled.then(() => ctx.fetch(`${url}/second`, POST)));
      await ctx.fetch(`${url}/first`, POST);
    }));
    goOn();
    await ctx.fetch(`${url}/read`);
  });
  expect(outcome).toBe('done');
  expect(started.end.status).toBe('done');
  await expect
    .poll(() => told)
    .toEqual([expect.stringContaining('the change or the action that started it has ended')]);
  expect(received).toEqual(['POST /first', 'GET /read']);
});

test('ctx.fetch obeys the gate where the passage of its step is lost', async () => {
  // A queue made before any run: what it calls does not know which action asked.
  const queue: (() => void)[] = [];
  const timer = setInterval(() => queue.shift()?.(), 1);
  const viaQueue = <T>(work: () => Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => queue.push(() => work().then(resolve, reject)));
  try {
    const started = await start(async (ctx) => {
      await viaQueue(() => ctx.fetch(`${url}/read`));
      await viaQueue(() => ctx.fetch(`${url}/ban`, POST));
    });
    expect(received).toEqual(['GET /read']);
    expect(errorOf(started)).toContain('only reads leave');
  } finally {
    clearInterval(timer);
  }
});

test('a process does not start outside a change, nor from a change that has ended', async () => {
  const outside = await start((ctx) => ctx.exec('true', []));
  expect(outside.state.steps.get('act')?.error?.code).toBe('E_GATE_EXEC');
  const late = await start(async (ctx) => {
    let leftBehind: Promise<unknown> = Promise.resolve();
    let goOn: () => void = () => undefined;
    const settled = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    await ctx.change({ ...ban, id: 'ana' }, async () => {
      leftBehind = settled.then(() => ctx.exec('true', []));
      // Not awaited here.
      leftBehind.catch(() => undefined);
    });
    goOn();
    await leftBehind;
  });
  expect(late.state.steps.get('act')?.error?.code).toBe('E_GATE_EXEC');
});

test('a change inside a plan is not performed, and nothing of it leaves', async () => {
  world.actions.set(
    'test.act',
    act(async (ctx) => {
      await ctx.change({ ...ban, id: 'ana' }, () => ctx.fetch(`${url}/ban`, POST));
      if (ctx.planning) await ctx.fetch(`${url}/ban`, POST);
    }),
  );
  const { end } = await world.start(playbook('  - { id: act, title: Act, uses: test.act, approval: { by: 1 } }\n'));
  expect(end.status).toBe('failed');
  expect(received).toEqual([]);
});

test('a reader that changes something is refused', async () => {
  const started = await start(async (ctx) => ctx.changes({ ...ban, targets: [{ id: 'ana' }] }, async () => undefined), {
    describe: async (_kind, ids, ctx) => {
      await ctx.fetch(`${url}/ban`, POST);
      return new Map(ids.map((id) => [id, null]));
    },
  });
  expect(received).toEqual([]);
  expect(started.end.status).toBe('failed');
});

test.for<[string, boolean]>([
  ['/graphql', true],
  ['/mutate', false],
])('a declared reading POST passes for its own path alone: %s', async ([path, passes]) => {
  const reads = [{ method: 'POST', path: '/graphql', reason: 'GraphQL asks by POST' }];
  const started = await start((ctx) => ctx.fetch(`${url}${path}`, POST).then(() => undefined), { reads });
  expect(received).toEqual(passes ? [`POST ${path}`] : []);
  expect(started.end.status).toBe(passes ? 'done' : 'failed');
});

test('a pause ends a read under way and lets no other leave', async () => {
  const pause = new AbortController();
  world.actions.set(
    'test.act',
    act(async (ctx) => {
      const silent = ctx.fetch(`${url}/silent`);
      silent.catch(() => undefined);
      await expect.poll(() => received).toEqual(['GET /silent']);
      pause.abort();
      await expect(silent).rejects.toThrow('paused by the operator');
      await ctx.fetch(`${url}/after`);
    }),
  );
  const { end } = await world.start(step, { pause: pause.signal });
  expect([end.isInterrupted, received]).toEqual([true, ['GET /silent']]);
});

test('a change under way settles through a pause, and is cut off by a time-out', async () => {
  const pause = new AbortController();
  world.actions.set(
    'test.act',
    act(async (ctx) => {
      await ctx.change({ ...ban, id: 'ana' }, async () => {
        pause.abort();
        await ctx.fetch(`${url}/ban`, POST);
      });
    }),
  );
  const paused = await world.start(step, { pause: pause.signal });
  expect([received, outcomeOf(paused)]).toEqual([['POST /ban'], 'done']);

  world.actions.set(
    'test.act',
    act(async (ctx) => void (await ctx.change({ ...ban, id: 'ana' }, () => ctx.fetch(`${url}/silent`, POST)))),
  );
  const timed = playbook('  - { id: act, title: Act, uses: test.act, approval: { none: a test }, timeout: 500ms }\n');
  const cut = await world.start(timed);
  expect(cut.state.steps.get('act')?.error?.code).toBe('E_STEP_TIMEOUT');
  expect(outcomeOf(cut)).toBe('unknown');
});

test('a change refused by the gate is known not to have happened', async () => {
  const started = await start(async (ctx) => {
    await ctx.change({ ...ban, id: 'ana' }, () => ctx.fetch('http://ana:pass@127.0.0.1/', POST));
  });
  expect(outcomeOf(started)).toBe('failed');
});
