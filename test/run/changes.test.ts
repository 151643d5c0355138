import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { ChangeRefused, type ChangeResult } from '../../engine/action.ts';
import type { JsonObject } from '../../engine/json.ts';
import { installGate } from '../../engine/run/gate.ts';
import type { People } from '../../engine/run/people.ts';
import { nobody } from '../../engine/run/people.ts';
import { act, ofType, openWorld, playbook, type World } from './harness.ts';

const step = playbook('  - { id: act, title: Act, uses: test.act, approval: { none: a test } }\n');

const ids = (count: number): { id: string }[] => Array.from({ length: count }, (_, index) => ({ id: `u${index}` }));
const ban = { kind: 'user', verb: 'ban', after: { banned: true } } as const;

let world: World;
let server: Server;
let url: string;
let received: string[];
let uninstall: () => void;
beforeEach(async () => {
  world = await openWorld();
  received = [];
  server = createServer((request, response) => {
    received.push(`${request.method} ${request.url}`);
    response.end('{}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  uninstall = installGate();
});
afterEach(async () => {
  uninstall();
  server.close();
  await world.close();
});

test('an intent with the earlier state is durable before the effect, and the outcome after it', async () => {
  const seen: string[] = [];
  world.actions.set(
    'test.act',
    act(async (ctx) => {
      await ctx.change({ ...ban, id: 'ana', before: { banned: false } }, async () => {
        for (const run of await world.journal.runs())
          seen.push(...(await world.events(run.id)).map((event) => event.type));
      });
      return ctx.ledger();
    }),
  );
  const { runId } = await world.start(step);
  expect(seen.at(-1)).toBe('change.intended');
  const events = await world.events(runId);
  expect(ofType(events, 'change.intended')[0]?.data.targets).toEqual([{ id: 'ana', before: { banned: false } }]);
  expect(ofType(events, 'change.settled')[0]?.data.results).toEqual([{ id: 'ana', outcome: 'done' }]);
});

test('a target in the wanted state already is recorded as already and not sent', async () => {
  const sent: string[][] = [];
  let results: readonly ChangeResult[] = [];
  world.actions.set(
    'test.act',
    act(async (ctx) => {
      results = await ctx.changes(
        {
          ...ban,
          targets: [
            { id: 'old', before: { banned: true, name: 'x' } },
            { id: 'new', before: { banned: false } },
          ],
        },
        async (chunk) => void sent.push(chunk.map((one) => one.id)),
      );
      return null;
    }),
  );
  await world.start(step);
  expect(sent).toEqual([['new']]);
  expect(results.map((one) => one.outcome)).toEqual(['already', 'done']);
});

test('the reader gives the earlier state where the action does not', async () => {
  const describe = async (_kind: string, wanted: readonly string[]) =>
    new Map(wanted.map((id) => [id, { attributes: {}, state: { banned: id === 'u1' } as JsonObject }]));
  world.actions.set(
    'test.act',
    act(async (ctx) => ctx.changes({ ...ban, targets: ids(2) }, async () => undefined), { describe }),
  );
  const { state } = await world.start(step);
  expect([...(state.changes.get('act')?.values() ?? [])].map((one) => [one.id, one.outcome, one.before])).toEqual([
    ['u1', 'already', { banned: true }],
    ['u0', 'done', { banned: false }],
  ]);
});

test('bulk work is sent in batches, with one intent a window of 500', async () => {
  const sizes: number[] = [];
  world.actions.set(
    'test.act',
    act(async (ctx) => {
      await ctx.changes(
        { ...ban, targets: ids(1203), batch: 50, concurrency: 4 },
        async (chunk) => void sizes.push(chunk.length),
      );
      return null;
    }),
  );
  const { runId } = await world.start(step);
  const events = await world.events(runId);
  expect(ofType(events, 'change.intended').map((event) => event.data.targets.length)).toEqual([500, 500, 203]);
  expect(sizes).toHaveLength(25);
  expect(Math.max(...sizes)).toBe(50);
});

test('a refused call is failed, a lost answer is unknown, and the step does not call that a success', async () => {
  world.actions.set(
    'test.act',
    act(async (ctx) => {
      await ctx.changes({ ...ban, targets: ids(3) }, async ([target]) => {
        if (target?.id === 'u0') throw new ChangeRefused('404');
        if (target?.id === 'u1') throw new Error('socket hang up');
        return undefined;
      });
      return null;
    }),
  );
  const { end, state } = await world.start(step);
  expect([...(state.changes.get('act')?.values() ?? [])].map((one) => one.outcome)).toEqual([
    'failed',
    'unknown',
    'done',
  ]);
  expect(end.status).toBe('failed');
  expect(state.steps.get('act')?.error).toMatchObject({ code: 'E_CHANGES_UNSETTLED' });
});

test('a retry repeats only what is not known to be done, with the earlier state of the first intent', async () => {
  const sent: string[] = [];
  let attempts = 0;
  world.actions.set(
    'test.act',
    act(async (ctx) => {
      attempts += 1;
      const results = await ctx.changes(
        { ...ban, targets: ids(3).map((one) => ({ ...one, before: { banned: attempts > 1 } })) },
        async ([target]) => {
          sent.push(target?.id ?? '');
          if (attempts === 1 && target?.id === 'u1') throw new Error('socket hang up');
          return undefined;
        },
      );
      if (results.some((one) => one.outcome !== 'done')) throw new Error('again');
      return null;
    }),
  );
  const { end, state } = await world.start(
    playbook(
      '  - { id: act, title: Act, uses: test.act, approval: { none: a test }, retry: { attempts: 2, delay: 1ms } }\n',
    ),
  );
  expect(end.status).toBe('done');
  expect(sent).toEqual(['u0', 'u1', 'u2', 'u1']);
  expect([...(state.changes.get('act')?.values() ?? [])].map((one) => one.before)).toEqual(
    Array(3).fill({ banned: false }),
  );
});

test('outside a change only reads leave, whoever calls fetch', async () => {
  world.actions.set(
    'test.act',
    act(async (ctx) => {
      await ctx.fetch(`${url}/read`);
      await globalThis.fetch(`${url}/sneaky`, { method: 'DELETE' });
      return null;
    }),
  );
  const { state } = await world.start(step);
  expect(received).toEqual(['GET /read']);
  expect(state.steps.get('act')?.error?.message).toContain('outside ctx.change');
});

test('a declared reading POST passes, and one inside a change passes', async () => {
  world.actions.set(
    'test.act',
    act(
      async (ctx) => {
        await ctx.fetch(`${url}/search/users`, { method: 'POST' });
        await ctx.change({ ...ban, id: 'ana' }, async () => ctx.fetch(`${url}/ban`, { method: 'POST' }));
        return null;
      },
      { reads: [{ method: 'POST', path: '/search/', reason: 'a search' }] },
    ),
  );
  await world.start(step);
  expect(received).toEqual(['POST /search/users', 'POST /ban']);
});

test('an action that goes on after its step has ended can send and record nothing', async () => {
  let late: Promise<unknown> = Promise.resolve();
  let goOn: () => void = () => undefined;
  world.actions.set(
    'test.act',
    act(async (ctx) => {
      const wait = new Promise<void>((resolve) => {
        goOn = resolve;
      });
      late = wait.then(async () => {
        await expect(ctx.fetch(`${url}/late`)).rejects.toThrow('its step has ended');
        await expect(ctx.change({ ...ban, id: 'ana' }, async () => undefined)).rejects.toThrow(
          'after its step had ended',
        );
      });
      return null;
    }),
  );
  await world.start(step);
  goOn();
  await late;
  expect(received).toEqual([]);
});

const approved = playbook('  - { id: act, title: Act, uses: test.act, approval: { by: 1, role: security } }\n');
const approves = (by = 'boss'): People => ({
  ...nobody,
  approval: async () => ({ kind: 'given', actor: `person:${by}`, role: 'security' }),
});

test('an approval is asked for with the targets its plan shows, and nothing is sent before it', async () => {
  world.actions.set(
    'test.act',
    act(async (ctx) => {
      await ctx.changes({ ...ban, targets: ids(3), batch: 3 }, async () =>
        ctx.fetch(`${url}/ban`, { method: 'POST' }).then(() => undefined),
      );
      return null;
    }),
  );
  const waiting = await world.start(approved);
  expect(waiting.end).toMatchObject({
    status: 'waiting',
    waitsFor: ['act: the approval of one other person with the role security'],
  });
  expect(received).toEqual([]);
  const [request] = ofType(await world.events(waiting.runId), 'approval.requested');
  expect(request?.data).toMatchObject({ by: 1, role: 'security', counts: [{ verb: 'ban', kind: 'user', count: 3 }] });
  const resumed = await world.resume(waiting.runId, waiting.plan, { people: approves() });
  expect(resumed.end.status).toBe('done');
  expect(received).toEqual(['POST /ban']);
});

test('nobody who runs the run can give the approval of another person; the step goes on waiting', async () => {
  world.actions.set(
    'test.act',
    act(async () => null),
  );
  const first = await world.start(approved, { people: approves('tester') });
  expect(first.end).toMatchObject({ status: 'waiting' });
  const second = await world.resume(first.runId, first.plan, { operator: 'bob', people: approves('bob') });
  expect(second.end).toMatchObject({ status: 'waiting' });
  const third = await world.resume(first.runId, first.plan, { people: approves('boss') });
  expect(third.end.status).toBe('done');
});

test('a target outside the approved set stops the step before any call, and only the new ones are asked for', async () => {
  let count = 2;
  const sent: string[] = [];
  world.actions.set(
    'test.act',
    act(async (ctx) => {
      if (!ctx.planning) count = 4;
      await ctx.changes({ ...ban, targets: ids(count) }, async ([target]) => void sent.push(target?.id ?? ''));
      return null;
    }),
  );
  const { end, runId } = await world.start(approved, { people: approves() });
  expect(end.status).toBe('done');
  const requests = ofType(await world.events(runId), 'approval.requested').map((event) =>
    event.data.targets?.map((one) => one.id),
  );
  expect(requests).toEqual([
    ['u0', 'u1'],
    ['u2', 'u3'],
  ]);
  expect(sent).toEqual(['u0', 'u1', 'u2', 'u3']);
});

test('an approval for an owner holds for another target of that owner', async () => {
  const owner = { kind: 'user', id: 'ana' };
  let sessions = ['s1'];
  world.actions.set(
    'test.act',
    act(async (ctx) => {
      if (ctx.planning) await ctx.changes({ ...ban, targets: [{ id: 'ana' }] }, async () => undefined);
      else {
        sessions = ['s1', 's2'];
        await ctx.changes(
          { kind: 'session', verb: 'end', after: { ended: true }, targets: sessions.map((id) => ({ id, owner })) },
          async () => undefined,
        );
      }
      return null;
    }),
  );
  const { end, runId } = await world.start(approved, { people: approves() });
  expect(end.status).toBe('done');
  expect(ofType(await world.events(runId), 'approval.requested')).toHaveLength(1);
});

test('a denied approval fails the step and names who denied it', async () => {
  world.actions.set(
    'test.act',
    act(async () => null),
  );
  const people: People = {
    ...nobody,
    approval: async () => ({ kind: 'denied', actor: 'person:boss', role: 'security', reason: 'wrong list' }),
  };
  const { end, state } = await world.start(approved, { people });
  expect(end.status).toBe('failed');
  expect(state.steps.get('act')?.error).toMatchObject({
    code: 'E_APPROVAL_DENIED',
    message: expect.stringContaining('boss denied it: wrong list'),
  });
});

test('an action declared as a read cannot change anything', async () => {
  world.actions.set(
    'test.act',
    act(async (ctx) => ctx.change({ ...ban, id: 'ana' }, async () => undefined), { effect: 'read' }),
  );
  const { state } = await world.start(playbook('  - { id: act, title: Act, uses: test.act }\n'));
  expect(state.steps.get('act')?.error?.code).toBe('E_ACTION_EFFECT');
});
