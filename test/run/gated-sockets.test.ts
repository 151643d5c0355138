// WebSocket and EventSource, which send past fetch, behind the same gate.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ActionContext } from '../../engine/action.ts';
import { installGate, type Passage, withPassage } from '../../engine/run/gate.ts';
import { act, openWorld, playbook, type Started, type World } from './harness.ts';
import { byPath, dryRun } from './preview/dry-run.ts';

const step = playbook('  - { id: act, title: Act, uses: test.act, approval: { none: a test } }\n');
const ban = { kind: 'user', id: 'ana', verb: 'ban', after: { banned: true } } as const;

let world: World;
let server: Server;
let url: string;
/** What reached the other side. */
let received: string[];
let refused: string[];
let sent: number;
let uninstall: () => void;
beforeEach(async () => {
  world = await openWorld();
  [received, refused, sent] = [[], [], 0];
  server = createServer();
  server.on('upgrade', (request, socket) => {
    received.push(`${request.url}`);
    socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  // A TCP server that listens has an AddressInfo.
  url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/delete-all`;
  uninstall = installGate();
});
afterEach(async () => {
  uninstall();
  server.closeAllConnections();
  server.close();
  await world.close();
});

/** Until it is over, one way or the other. */
const connect = (address: string): Promise<void> =>
  new Promise((resolve) => {
    const socket = new WebSocket(address);
    socket.addEventListener('error', () => resolve());
    socket.addEventListener('close', () => resolve());
  });
const errorOf = ({ state }: Started) => state.steps.get('act')?.error;
const start = (run: (ctx: ActionContext) => Promise<unknown>): Promise<Started> => {
  world.actions.set('test.act', act(run));
  return world.start(step);
};

function passage(more: Partial<Passage> = {}): Passage {
  return {
    allows: () => 'reads',
    signal: new AbortController().signal,
    requestTimeoutMs: 10_000,
    reads: [],
    isLoopbackOnly: false,
    onSent: () => {
      sent += 1;
    },
    onRefused: ({ message }) => refused.push(message),
    proveLease: async () => undefined,
    ...more,
  };
}
const changing: Partial<Passage> = { allows: () => 'changes' };

test('in a plan no WebSocket is opened, and the step is said to fail', async () => {
  const plan = await dryRun(step, { actions: [act(() => connect(url).catch(() => undefined))] });
  expect(received).toEqual([]);
  expect(byPath(plan).get('act')).toMatchObject({ verdict: 'fails', why: expect.stringContaining('[E_GATE_SOCKET]') });
});

test('a WebSocket outside a change is refused, though the action swallows it, and fails the step', async () => {
  const started = await start(() => connect(url).catch(() => undefined));
  expect(received).toEqual([]);
  expect(started.end.status).toBe('failed');
  expect(errorOf(started)).toMatchObject({
    code: 'E_GATE_SOCKET',
    message: `WebSocket ${url} was not opened: outside ctx.change and ctx.changes only reads leave, so that every effect is in the ledger`,
  });
});

test('inside a change a WebSocket is opened and counts as sent', async () => {
  const started = await start((ctx) => ctx.change(ban, () => connect(url)));
  expect(received).toEqual(['/delete-all']);
  expect(started.state.changes.get('act')?.values().next().value?.outcome).toBe('done');
  await withPassage(passage(changing), () => connect(url));
  expect(sent).toBe(1);
});

test('a WebSocket opened before the action sends nothing for it outside a change', async () => {
  const socket = new WebSocket(url);
  const over = new Promise((resolve) => socket.addEventListener('close', resolve));
  const sending = withPassage(passage(), async () => socket.send('delete'));
  await expect(sending).rejects.toMatchObject({ code: 'E_GATE_SOCKET' });
  expect(refused).toEqual([expect.stringContaining('outside ctx.change')]);
  await over;
});

test('in a drill a WebSocket reaches nothing but this machine', async () => {
  const drill = { ...changing, isLoopbackOnly: true };
  const elsewhere = url.replace('127.0.0.1', '0.0.0.0');
  await expect(withPassage(passage(drill), () => connect(elsewhere))).rejects.toThrow(
    `WebSocket ${elsewhere} was not opened: this is a drill, which reaches nothing but this machine`,
  );
  await withPassage(passage(drill), () => connect(url));
  expect(received).toEqual(['/delete-all']);
});

test('a WebSocket is refused once its step has ended, and closed where its change is cut off', async () => {
  await expect(withPassage(passage({ allows: () => 'closed' }), () => connect(url))).rejects.toThrow(
    'was not opened: its step has ended',
  );
  const cut = new AbortController();
  const closed = withPassage(passage({ ...changing, signal: cut.signal }), () => connect(url));
  cut.abort();
  await closed;
  await expect(
    withPassage(passage({ ...changing, signal: AbortSignal.abort(new Error('cut')) }), () => connect(url)),
  ).rejects.toThrow('cut');
});

test('outside of actions a WebSocket is the plain one', async () => {
  await connect(url);
  expect(received).toEqual(['/delete-all']);
  expect(new WebSocket(url)).toBeInstanceOf(WebSocket);
});

/** Node has it behind a flag, so one stands in that only notes its address. */
test('an EventSource reads, in a drill from this machine alone', async () => {
  uninstall();
  const opened: string[] = [];
  class Plain extends EventTarget {
    constructor(address: string | URL) {
      super();
      opened.push(String(address));
    }
    close(): void {
      opened.push('closed');
    }
  }
  const before = Object.getOwnPropertyDescriptor(globalThis, 'EventSource');
  Object.defineProperty(globalThis, 'EventSource', { value: Plain, configurable: true, writable: true });
  uninstall = installGate();
  try {
    const open = async (address: string): Promise<void> => void new EventSource(address);
    const cut = new AbortController();
    await withPassage(passage({ signal: cut.signal }), () => open('http://shop.example/events'));
    cut.abort();
    expect(opened).toEqual(['http://shop.example/events', 'closed']);
    const drill = passage({ isLoopbackOnly: true });
    await expect(withPassage(drill, () => open('http://shop.example/events'))).rejects.toThrow(
      'EventSource http://shop.example/events was not opened: this is a drill',
    );
    await withPassage(drill, () => open('http://localhost/events'));
    expect(opened.slice(2)).toEqual(['http://localhost/events']);
    expect(sent).toBe(0);
  } finally {
    uninstall();
    uninstall = () => undefined;
    if (before === undefined) Reflect.deleteProperty(globalThis, 'EventSource');
    else Object.defineProperty(globalThis, 'EventSource', before);
  }
});
