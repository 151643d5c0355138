// Processes of actions: argument arrays, no shell, bounded output, their own group, ended with the signal.
import type { Readable } from 'node:stream';
import type { execa } from 'execa';
import type { ExecOptions, ExecResult } from '../action.ts';
import { messageOf } from '../errors.ts';
import type { Clock } from './clock.ts';

const DEFAULT_OUTPUT_BYTES = 1024 * 1024;
/** How long a process may take to end after SIGTERM before SIGKILL. */
const KILL_AFTER_MS = 5_000;
/** How long a killed process may take to end before it is no longer waited for. */
const REAP_MS = 1_000;
const LOOK_EVERY_MS = 20;

export interface ProcessRequest {
  readonly file: string;
  readonly args: readonly string[];
  readonly options: ExecOptions;
  readonly env: { readonly [name: string]: string | undefined };
  readonly signal: AbortSignal;
  readonly clock: Clock;
}

/** Names every process needs; everything else is passed on by name only. */
const INHERITED = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'USER', 'SHELL', 'TERM'];
/** With HOME, where programs look for a user's files: where they are set, HOME alone would not say it. */
const XDG_FOLDERS = ['CONFIG_HOME', 'CACHE_HOME', 'DATA_HOME', 'STATE_HOME', 'RUNTIME_DIR'].map(
  (name) => `XDG_${name}`,
);

/**
 * Runs a process in a group (and session) of its own: Ctrl-C in the terminal reaches the engine, which lets a change in
 * flight settle, and not the process. It has no terminal to ask on, either. An abort ends the whole group; only what left
 * it for a group of its own goes on.
 *
 * An engine that exits or is ended by a signal it can see ends the group with SIGTERM (execa's `cleanup`). One killed by
 * SIGKILL leaves the group behind, as it left the process behind before groups; the terminal's hang-up, which used to
 * reach the process even then, does so no more. On Windows, where there are no groups, taskkill ends the tree.
 * @returns exit code, or the signal that ended it; a process that could not be started rejects.
 * @throws the signal's reason where it was aborted, once the group is gone or was killed.
 */
export async function runProcess(request: ProcessRequest): Promise<ExecResult> {
  const { execa } = await import('execa');
  const { file, options, signal, clock } = request;
  signal.throwIfAborted();
  const startedAt = clock.monotonic();
  const child = startProcess(execa, request);
  const bound = options.maxOutputBytes ?? DEFAULT_OUTPUT_BYTES;
  const stdout = collect(child.stdout, bound);
  const stderr = collect(child.stderr, bound);
  const result = await untilAborted(child, signal);
  if (result === undefined) {
    await endGroup(child, clock);
    throw signal.reason;
  }
  if (result.failed && result.exitCode === undefined && result.signal === undefined) {
    throw new Error(
      `${file} could not be started: ${messageOf(result.cause ?? result.shortMessage ?? 'unknown reason')}`,
      {
        cause: result.cause,
      },
    );
  }
  const [out, err] = await Promise.all([stdout, stderr]);
  return {
    exitCode: result.exitCode ?? null,
    signal: result.signal ?? null,
    stdout: out.text,
    stderr: err.text,
    isTruncated: out.isCut || err.isCut,
    durationMs: Math.round(clock.monotonic() - startedAt),
  };
}

type Child = ReturnType<typeof startProcess>;

function startProcess(run: typeof execa, { file, args, options, env }: ProcessRequest) {
  const inherited = Object.fromEntries(
    [...INHERITED, ...XDG_FOLDERS].flatMap((name) => {
      const value = env[name];
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
  return run(file, args, {
    shell: false,
    reject: false,
    extendEnv: false,
    env: { ...inherited, ...options.env },
    // Collected by the caller: execa's own bound would end a process that says too much, in the middle of what it does.
    buffer: false,
    // Its own group, which execa ends when the engine exits; with `detached` it would not. The signal is not given to
    // execa: it would wait for pipes that strays hold, and forget a group whose first process is gone.
    killDescendants: true,
    windowsHide: true,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
  });
}

/** What `work` gives; undefined where the signal was aborted, before or at the same time. */
async function untilAborted<T>(work: PromiseLike<T>, signal: AbortSignal): Promise<T | undefined> {
  const aborted = Promise.withResolvers<undefined>();
  const onAbort = (): void => aborted.resolve(undefined);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    const result = await Promise.race([work, aborted.promise]);
    return signal.aborted ? undefined : result;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

/** Resolves when the group is gone, or what was left of it after KILL_AFTER_MS was sent SIGKILL. */
async function endGroup(child: Child, clock: Clock): Promise<void> {
  signalGroup(child, 'SIGTERM');
  await within(KILL_AFTER_MS, clock, () => !isGroupAlive(child));
  if (isGroupAlive(child)) {
    signalGroup(child, 'SIGKILL');
    await within(REAP_MS, clock, () => hasExited(child));
  }
  // Held open by a stray outside the group, they would keep the engine from ending.
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream?.destroy();
}

/** Resolves when it holds, or when the time is up. */
async function within(atMostMs: number, clock: Clock, holds: () => boolean): Promise<void> {
  for (let waitedMs = 0; waitedMs < atMostMs && !holds(); waitedMs += LOOK_EVERY_MS) {
    await new Promise<void>((resolve) => void clock.after(LOOK_EVERY_MS, resolve));
  }
}

const isWindows = process.platform === 'win32';

function hasExited({ nodeChildProcess }: Child): boolean {
  return nodeChildProcess.exitCode !== null || nodeChildProcess.signalCode !== null;
}

/** Dead processes count until somebody reaps them: where a container's first process never does, all the time runs out. */
function isGroupAlive(child: Child): boolean {
  return isWindows ? !hasExited(child) : signalGroup(child, 0);
}

/**
 * To the group even where its first process is gone: the system gives its number to no other while anything of it lives.
 * @returns whether it is there.
 */
function signalGroup(child: Child, signal: 'SIGTERM' | 'SIGKILL' | 0): boolean {
  // It was never started; and -0 would be the engine's own group.
  if (child.pid === undefined) return false;
  if (isWindows) return child.kill(signal);
  try {
    return process.kill(-child.pid, signal);
  } catch (error) {
    // EPERM: it is there, under another user, and only ends by itself.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** The first `bound` bytes of a stream; the rest is read and dropped. */
async function collect(stream: Readable, bound: number): Promise<{ readonly text: string; readonly isCut: boolean }> {
  const chunks: Buffer[] = [];
  let kept = 0;
  let isCut = false;
  try {
    for await (const chunk of stream) {
      const bytes = Buffer.from(chunk);
      const room = Math.max(0, bound - kept);
      if (bytes.length > room) isCut = true;
      if (room > 0) chunks.push(bytes.subarray(0, room));
      kept += Math.min(room, bytes.length);
    }
  } catch {
    // The process was ended: what came until then is what there is; the caller reports the end.
  }
  return { text: Buffer.concat(chunks).toString('utf8'), isCut };
}
