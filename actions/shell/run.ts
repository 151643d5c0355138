import {
  type ActionContext,
  ChangeRefused,
  defineAction,
  type ExecOptions,
  type ExecResult,
  type Json,
  type JsonObject,
  messageOf,
  PermanentFailure,
} from '../../engine/action.ts';

const DEFAULT_MAX_OUTPUT_BYTES = 1_048_576;
/** What a change's record may hold of the output, for a step that is resumed after the command ran. */
const MAX_KEPT_CHARACTERS = 65_536;
/** The command has not run (a plan). No process exits with it. */
const NOT_RUN = -1;

export default defineAction({
  name: 'shell.run',
  title: 'Run a command',
  description:
    'Runs a program with an array of arguments; no shell reads them, so nothing in them is expanded. The step says ' +
    'with `effect` whether the command only reads; if it changes something it is recorded as one change of the ' +
    "step's `target`, and is never repeated by itself when it is unknown how it ended.",
  effect: 'playbook',
  idempotent: false,
  // The list of processes shows them to everybody.
  exposes: ['command'],
  input: {
    type: 'object',
    properties: {
      command: {
        type: 'array',
        items: { type: 'string' },
        minItems: 1,
        description:
          'Program and arguments, e.g. [kubectl, rollout, undo, deployment/web]. No secrets: pass those in env or stdin',
      },
      cwd: { type: 'string', description: 'Folder to run it in' },
      env: {
        type: 'object',
        additionalProperties: { type: 'string' },
        description: 'Variables added to its environment',
      },
      stdin: { type: 'string', description: 'Text it reads' },
      parse: {
        type: 'string',
        enum: ['text', 'lines', 'json'],
        default: 'text',
        description: 'What `value` is made of',
      },
      exitCodes: {
        type: 'array',
        items: { type: 'integer', minimum: 0, maximum: 255 },
        minItems: 1,
        description: 'Exit codes that mean success; 0 if absent',
      },
      maxOutputBytes: {
        type: 'integer',
        minimum: 1,
        maximum: 67_108_864,
        description: `Kept of each stream; ${DEFAULT_MAX_OUTPUT_BYTES} if absent. JSON that was cut is an error`,
      },
    },
    required: ['command'],
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      exitCode: { type: 'integer' },
      stdout: { type: 'string', description: 'What it wrote' },
      value: { description: 'The output as `parse` says: text without the last line break, a list of lines, or JSON' },
      stderr: { type: 'string' },
      durationMs: { type: 'integer' },
    },
    required: ['exitCode', 'stdout', 'value', 'stderr', 'durationMs'],
    additionalProperties: false,
  },
  async run(input, ctx) {
    const [file = '', ...args] = input.command;
    const command: Command = {
      file,
      args,
      accepted: input.exitCodes ?? [0],
      options: {
        maxOutputBytes: input.maxOutputBytes ?? DEFAULT_MAX_OUTPUT_BYTES,
        ...(input.cwd === undefined ? {} : { cwd: input.cwd }),
        ...(input.env === undefined ? {} : { env: input.env }),
        ...(input.stdin === undefined ? {} : { input: input.stdin }),
      },
    };
    const ran = ctx.effect === 'read' ? await execute(ctx, command) : await executeAsChange(ctx, command);
    if (ran === undefined) return { exitCode: NOT_RUN, stdout: '', value: null, stderr: '', durationMs: 0 };
    return {
      exitCode: ran.exitCode,
      stdout: ran.stdout,
      value: parsedOutput(ran, input.parse ?? 'text', file),
      stderr: ran.stderr,
      durationMs: Math.round(ran.durationMs),
    };
  },
});

interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly accepted: readonly number[];
  readonly options: ExecOptions;
}

interface Ran {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly isTruncated: boolean;
  readonly durationMs: number;
}

/** @throws Error for an exit code that is not accepted, or a command that a signal ended. */
async function execute(ctx: ActionContext, command: Command): Promise<Ran> {
  const result = await ctx.exec(command.file, command.args, command.options);
  if (result.exitCode === null && result.isTruncated) {
    throw new Error(
      `${command.file} was stopped, since it wrote more than maxOutputBytes (${command.options.maxOutputBytes})`,
    );
  }
  if (result.exitCode === null)
    throw new Error(`${command.file} was ended by ${result.signal ?? 'a signal'}${tail(result)}`);
  if (!command.accepted.includes(result.exitCode)) {
    throw new Error(
      `${command.file} exited with ${result.exitCode}, expected ${command.accepted.join(', ')}${tail(result)}`,
    );
  }
  return { ...result, exitCode: result.exitCode };
}

/**
 * One change, with its output kept in the ledger: a step that is resumed after the command ran still has an output.
 * @returns undefined in a plan.
 */
async function executeAsChange(ctx: ActionContext, command: Command): Promise<Ran | undefined> {
  const { kind, id } = ctx.target ?? { kind: 'command', id: [command.file, ...command.args].join(' ') };
  let ranNow: Ran | undefined;
  const results = await ctx.changes({ kind, verb: 'run', after: { commandRan: true }, targets: [{ id }] }, async () => {
    const ran = await execute(ctx, command).catch((error: unknown) => {
      throw isNotStarted(error)
        ? new ChangeRefused(`${command.file} could not be started: ${messageOf(error)}`, { cause: error })
        : error;
    });
    ranNow = ran;
    return new Map([[id, { outcome: 'done', detail: toDetail(ran) } as const]]);
  });
  const result = results[0];
  const text = result?.error === undefined ? '' : `: ${result.error}`;
  switch (result?.outcome) {
    case 'planned':
      return undefined;
    case 'done':
    case 'already':
      return ranNow ?? fromDetail(result.detail, command.file);
    case 'unknown':
      throw new Error(`It is not known what ${command.file} did to ${kind} ${id}${text}`);
    default:
      throw new PermanentFailure(
        `${command.file} was not run on ${kind} ${id} (${result?.outcome ?? 'no result'})${text}`,
      );
  }
}

/** A process that never began had no effect. The system's code is on the error or on its cause. */
function isNotStarted(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if (!('code' in error)) return error.cause !== undefined && isNotStarted(error.cause);
  const { code } = error;
  return code === 'ENOENT' || code === 'EACCES' || code === 'ENOTDIR' || code === 'E2BIG';
}

function toDetail(ran: Ran): JsonObject {
  const { exitCode, durationMs, isTruncated, stdout, stderr } = ran;
  const isKept = stdout.length + stderr.length <= MAX_KEPT_CHARACTERS;
  return { exitCode, durationMs, isTruncated, ...(isKept ? { stdout, stderr } : {}) };
}

function fromDetail(detail: JsonObject | undefined, file: string): Ran {
  const { exitCode, durationMs, isTruncated, stdout, stderr } = detail ?? {};
  if (typeof exitCode !== 'number' || typeof stdout !== 'string' || typeof stderr !== 'string') {
    throw new PermanentFailure(
      `${file} has run, but its output was more than the journal keeps of a change. Mark the step as done by hand`,
    );
  }
  return {
    exitCode,
    stdout,
    stderr,
    isTruncated: isTruncated === true,
    durationMs: typeof durationMs === 'number' ? durationMs : 0,
  };
}

function parsedOutput(ran: Ran, parse: 'text' | 'lines' | 'json', file: string): Json {
  const text = ran.stdout.replace(/\r?\n$/, '');
  if (parse === 'text') return text;
  if (parse === 'lines') return text === '' ? [] : text.split(/\r?\n/);
  if (ran.isTruncated) throw new PermanentFailure(`${file} wrote more than maxOutputBytes: the JSON was cut`);
  try {
    // JSON.parse gives JSON.
    return JSON.parse(text) as Json;
  } catch (error) {
    throw new PermanentFailure(`${file} did not write JSON: ${messageOf(error)}`, { cause: error });
  }
}

/** The last of what it said on stderr, for the error. */
function tail(result: ExecResult): string {
  const last = result.stderr.trim().slice(-500);
  return last === '' ? '' : `: ${last}`;
}
