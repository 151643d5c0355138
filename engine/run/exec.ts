// Processes of actions: argument arrays, no shell, bounded output, their own group, ended with the signal.
import type { Readable } from 'node:stream';
import type { ExecOptions, ExecResult } from '../action.ts';
import type { Clock } from './clock.ts';

const DEFAULT_OUTPUT_BYTES = 1024 * 1024;
/** How long a process may take to end after SIGTERM before SIGKILL. */
const KILL_AFTER_MS = 5_000;

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

/**
 * @returns exit code, or the signal that ended it; a process that could not be started rejects.
 * @throws the signal's reason where it was aborted.
 */
export async function runProcess(request: ProcessRequest): Promise<ExecResult> {
  const { execa } = await import('execa');
  const { file, args, options, signal, clock } = request;
  const bound = options.maxOutputBytes ?? DEFAULT_OUTPUT_BYTES;
  const startedAt = clock.monotonic();
  const inherited = Object.fromEntries(
    INHERITED.flatMap((name) => {
      const value = request.env[name];
      return value === undefined ? [] : [[name, value] as const];
    }),
  );
  const child = execa(file, args, {
    shell: false,
    reject: false,
    extendEnv: false,
    env: { ...inherited, ...options.env },
    // Collected below: execa's own bound would end a process that says too much, in the middle of what it does.
    buffer: false,
    cancelSignal: signal,
    forceKillAfterDelay: KILL_AFTER_MS,
    windowsHide: true,
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...(options.input === undefined ? { stdin: 'ignore' as const } : { input: options.input }),
  });
  const stdout = collect(child.stdout, bound);
  const stderr = collect(child.stderr, bound);
  const result = await child;
  if (signal.aborted) throw signal.reason;
  if (result.failed && result.exitCode === undefined && result.signal === undefined) {
    throw new Error(`${file} could not be started: ${result.shortMessage ?? 'unknown reason'}`, {
      cause: result.cause,
    });
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
