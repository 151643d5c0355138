// One command, run once: what counts as its success, and what a failure says of its effect.
import { type ActionContext, type ExecOptions, type ExecResult, messageOf } from '../../engine/action.ts';
import type { Program } from './program.ts';

export interface Command {
  /** As the playbook names it. */
  readonly name: string;
  readonly program: Program;
  readonly args: readonly string[];
  /** Exit codes that mean success. */
  readonly accepted: readonly number[];
  /** Exit codes by which it says that it changed nothing. */
  readonly refused: readonly number[];
  readonly options: ExecOptions;
}

export interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly isTruncated: boolean;
  readonly durationMs: number;
}

export class CommandFailure extends Error {
  /** It never began, or says that it changed nothing. */
  readonly isHarmless: boolean;
  /** It never began: running it again cannot mend that. */
  readonly isNotStarted: boolean;

  constructor(message: string, facts: { isHarmless: boolean; isNotStarted: boolean; cause?: unknown }) {
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.name = 'CommandFailure';
    this.isHarmless = facts.isHarmless;
    this.isNotStarted = facts.isNotStarted;
  }
}

/** @throws CommandFailure; what the engine throws where it did not let it run, or cut it off. */
export async function runCommand(ctx: ActionContext, command: Command): Promise<Ran> {
  const { name, program, args, options } = command;
  let result: ExecResult;
  try {
    result = await ctx.exec(program.file, args, options);
  } catch (error) {
    if (!isNotStarted(error)) throw error;
    const hint = program.script !== undefined && isNotAllowed(error) ? ' (is it executable? chmod +x)' : '';
    const message = `${name} could not be started${hint}: ${whyNotStarted(error)}`;
    throw new CommandFailure(message, { isHarmless: true, isNotStarted: true, cause: error });
  }
  if (result.exitCode === null) throw failure(`${name} was ended by ${result.signal ?? 'a signal'}`, result, false);
  if (!command.accepted.includes(result.exitCode)) {
    const message = `${name} exited with ${result.exitCode}, expected ${command.accepted.join(', ')}`;
    throw failure(message, result, command.refused.includes(result.exitCode));
  }
  return { ...result, exitCode: result.exitCode };
}

/** With the last of what it said on stderr. */
function failure(message: string, result: ExecResult, isHarmless: boolean): CommandFailure {
  const said = result.stderr.trim().slice(-500);
  return new CommandFailure(said === '' ? message : `${message}: ${said}`, { isHarmless, isNotStarted: false });
}

const NOT_STARTED = new Set<unknown>(['ENOENT', 'EACCES', 'ENOTDIR', 'E2BIG', 'ENOEXEC', 'ELOOP']);

/** A process that never began had no effect. The system's code is on the error or on its cause. */
function isNotStarted(error: unknown): boolean {
  const code = codeOf(error);
  return code !== undefined && NOT_STARTED.has(code);
}

const WHY: { readonly [code: string]: string } = {
  ENOENT: 'there is no such program, or no such folder to run it in (ENOENT)',
  EACCES: 'it may not be run (EACCES)',
};

/** The engine's error says once more what could not be started; its cause says why. */
function whyNotStarted(error: unknown): string {
  const known = WHY[String(codeOf(error))];
  if (known !== undefined) return known;
  return messageOf(error instanceof Error && error.cause !== undefined ? error.cause : error);
}

function isNotAllowed(error: unknown): boolean {
  return codeOf(error) === 'EACCES';
}

function codeOf(error: unknown): unknown {
  if (!(error instanceof Error)) return undefined;
  return 'code' in error ? error.code : codeOf(error.cause);
}
