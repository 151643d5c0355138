import { type ChildProcess, spawn } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { getEventListeners } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ExecResult } from '../../engine/action.ts';
import { type Clock, systemClock } from '../../engine/run/clock.ts';
import { type ProcessRequest, runProcess } from '../../engine/run/exec.ts';

/** A process of a test, seen through its socket: open while it lives. */
interface Caller {
  readonly socket: Socket;
  readonly gone: Promise<void>;
  /** The next line it writes. */
  said(): Promise<string>;
}

let server: Server;
let callers: Map<string, Caller>;
let waiting: Map<string, (caller: Caller) => void>;
let hosts: ChildProcess[];
beforeEach(async () => {
  callers = new Map();
  waiting = new Map();
  hosts = [];
  server = createServer((socket) => void welcome(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  for (const host of hosts) host.kill('SIGKILL');
  // A process that outlived its test ends when its socket does.
  for (const { socket } of callers.values()) socket.destroy();
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

async function welcome(socket: Socket): Promise<void> {
  const lines: string[] = [];
  const readers: ((line: string) => void)[] = [];
  const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => undefined);
  socket.setEncoding('utf8').on('data', (text: string) => {
    for (const line of text.trimEnd().split('\n')) (readers.shift() ?? ((one) => lines.push(one)))(line);
  });
  const said = (): Promise<string> => {
    const line = lines.shift();
    return line === undefined ? new Promise((resolve) => readers.push(resolve)) : Promise.resolve(line);
  };
  const name = await said();
  const caller = { socket, gone, said };
  callers.set(name, caller);
  waiting.get(name)?.(caller);
}

/** The process that calls itself `name`, once it has come up. */
function called(name: string): Promise<Caller> {
  const caller = callers.get(name);
  return caller ? Promise.resolve(caller) : new Promise((resolve) => waiting.set(name, resolve));
}

/** A program that calls the test, does `more` (with `socket` at hand), and lives until its socket is closed. */
function program(name: string, more = ''): string {
  const { port } = server.address() as AddressInfo;
  return `
    const socket = require('node:net').connect(${port}, '127.0.0.1');
    const say = (text) => socket.write(text + '\\n');
    const start = (source, options) => require('node:child_process').spawn(process.execPath, ['-e', source], options);
    socket.on('close', () => process.exit(9));
    ${more}
    socket.on('connect', () => say(${JSON.stringify(name)}));`;
}

function starts(source: string, options: string): string {
  return `start(${JSON.stringify(source)}, ${options});`;
}

function run(source: string, more: Partial<ProcessRequest> = {}): Promise<ExecResult> {
  return runProcess({
    file: process.execPath,
    args: ['-e', source],
    options: {},
    env: process.env,
    signal: new AbortController().signal,
    clock: systemClock,
    ...more,
  });
}

/** Real time, a hundred times faster. */
const fastClock: Clock = { ...systemClock, after: (ms, callback) => systemClock.after(ms / 100, callback) };

/** A process of its own group, as a shell starts one in the foreground, that runs `source` through the engine. */
function startHost(source: string, more: string): ChildProcess {
  const script = `
    import { runProcess } from ${JSON.stringify(new URL('../../engine/run/exec.ts', import.meta.url).href)};
    import { systemClock } from ${JSON.stringify(new URL('../../engine/run/clock.ts', import.meta.url).href)};
    ${more}
    const result = await runProcess({
      file: process.execPath, args: ['-e', ${JSON.stringify(source)}], options: {}, env: process.env,
      signal: new AbortController().signal, clock: systemClock,
    });
    console.log(JSON.stringify(result));
    process.exit(0);`;
  const host = spawn(process.execPath, ['--input-type=module', '-e', script], {
    detached: true,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  hosts.push(host);
  return host;
}

async function firstLine(host: ChildProcess): Promise<string> {
  let text = '';
  for await (const chunk of host.stdout ?? []) {
    text += String(chunk);
    if (text.includes('\n')) break;
  }
  return text.trim();
}

test('a process ends with its exit code and both its outputs', async () => {
  const result = await run(`console.log('out'); console.error('err'); process.exitCode = 3;`);
  expect(result).toMatchObject({ exitCode: 3, signal: null, stdout: 'out\n', stderr: 'err\n', isTruncated: false });
});

test('a process reads its input, and sees only the variables it is given', async () => {
  const source = `process.stdin.on('data', (d) => console.log(String(d), process.env.GIVEN, process.env.OTHER));`;
  const options = { input: 'hello', env: { GIVEN: 'yes' } };
  const result = await run(source, { options, env: { ...process.env, OTHER: 'no' } });
  expect(result.stdout).toBe('hello yes undefined\n');
});

test('output over the bound is cut and said, and the process goes on to its end', async () => {
  const result = await run(`process.stdout.write('x'.repeat(200_000), () => console.error('end'));`, {
    options: { maxOutputBytes: 10 },
  });
  expect(result).toMatchObject({ exitCode: 0, stdout: 'x'.repeat(10), stderr: 'end\n', isTruncated: true });
});

test('a program that does not exist rejects with the cause of the system', async () => {
  await expect(run('', { file: '/no/such/program' })).rejects.toMatchObject({
    message: expect.stringContaining('/no/such/program could not be started'),
    cause: expect.objectContaining({ code: 'ENOENT' }),
  });
});

test('a process that ended by itself leaves nothing listening on the signal', async () => {
  const { signal } = new AbortController();
  await run('', { signal });
  expect(getEventListeners(signal, 'abort')).toEqual([]);
});

test('nothing is started once the signal is aborted', async () => {
  const reason = new Error('too late');
  const started: unknown[] = [];
  const note = (message: unknown): number => started.push(message);
  subscribe('child_process', note);
  await expect(run('', { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  unsubscribe('child_process', note);
  expect(started).toEqual([]);
});

test('Ctrl-C in the terminal reaches the engine and not the process of a change', async () => {
  const source = program('change', `socket.on('data', () => process.exit(0));`);
  const host = startHost(source, `process.on('SIGINT', () => undefined);`);
  const change = await called('change');
  process.kill(-Number(host.pid), 'SIGINT');
  change.socket.write('finish\n');
  expect(JSON.parse(await firstLine(host))).toMatchObject({ exitCode: 0, signal: null });
});

test('an engine that exits takes the whole group of its process with it', async () => {
  const grandchild = program('grandchild');
  const host = startHost(
    program('child', starts(grandchild, `{ stdio: 'ignore' }`)),
    `process.stdin.once('data', () => process.exit(1));`,
  );
  const family = await Promise.all([called('child'), called('grandchild')]);
  host.stdin?.write('exit\n');
  await Promise.all(family.map((one) => one.gone));
});

test('an abort ends a grandchild too, though it holds the pipe', async () => {
  const abort = new AbortController();
  const reason = new Error('timed out');
  const running = run(program('child', starts(program('grandchild'), `{ stdio: 'inherit' }`)), {
    signal: abort.signal,
  });
  const family = await Promise.all([called('child'), called('grandchild')]);
  abort.abort(reason);
  await expect(running).rejects.toBe(reason);
  await Promise.all(family.map((one) => one.gone));
});

test('an abort ends a grandchild whose parent is gone and that keeps the step waiting', async () => {
  const abort = new AbortController();
  const running = run(program('child', `${starts(program('grandchild'), `{ stdio: 'inherit' }`)}`), {
    signal: abort.signal,
  });
  const [child, grandchild] = await Promise.all([called('child'), called('grandchild')]);
  child.socket.destroy();
  await child.gone;
  abort.abort(new Error('timed out'));
  await expect(running).rejects.toThrow('timed out');
  await grandchild.gone;
});

test('a process is given time to clean up after SIGTERM', async () => {
  const abort = new AbortController();
  const cleansUp = `process.on('SIGTERM', () => { say('cleaning'); socket.once('data', () => process.exit(0)); });`;
  const running = run(program('child', cleansUp), { signal: abort.signal });
  const child = await called('child');
  abort.abort(new Error('timed out'));
  expect(await child.said()).toBe('cleaning');
  child.socket.write('clean\n');
  await expect(running).rejects.toThrow('timed out');
  await child.gone;
});

test('what ignores SIGTERM is killed when its time is up, the grandchild of an obedient child too', async () => {
  const abort = new AbortController();
  const stubborn = program('grandchild', `process.on('SIGTERM', () => say('no'));`);
  const running = run(program('child', starts(stubborn, `{ stdio: 'ignore' }`)), {
    signal: abort.signal,
    clock: fastClock,
  });
  const [child, grandchild] = await Promise.all([called('child'), called('grandchild')]);
  abort.abort(new Error('timed out'));
  await expect(running).rejects.toThrow('timed out');
  await Promise.all([child.gone, grandchild.gone]);
});

test('a stray that left the group and holds the pipe is not waited for', async () => {
  const abort = new AbortController();
  const stray = starts(program('stray'), `{ stdio: 'inherit', detached: true }`);
  const running = run(program('child', stray), { signal: abort.signal });
  const [child, outside] = await Promise.all([called('child'), called('stray')]);
  abort.abort(new Error('timed out'));
  await expect(running).rejects.toThrow('timed out');
  await child.gone;
  expect(outside.socket.destroyed).toBe(false);
});
