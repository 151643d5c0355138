import { resolve } from 'node:path';
import { defineAction, type Json, messageOf, PermanentFailure } from '../../engine/action.ts';
import { runAsChange } from './as-change.ts';
import { type Command, type Ran, runCommand } from './command.ts';
import { findProgram, projectFolder } from './program.ts';

const DEFAULT_MAX_OUTPUT_BYTES = 1_048_576;
/** The command has not run (a plan), or its end is not known (a person said that it ran). No process exits with it. */
const NO_EXIT_CODE = -1;

type Parse = 'text' | 'lines' | 'json';

export default defineAction({
  name: 'shell.run',
  title: 'Run a command',
  description: [
    'Runs a program, or a script file of the project, with an array of arguments; no shell reads them, so nothing in them',
    'is expanded. The step says with `effect` whether the command only reads. One that changes something is recorded as one',
    "change of the step's `target`: with an exit code that means success it is done; a command that never began, or that",
    'says by its exit code that it changed nothing (`refusedExitCodes`), is known to have done nothing; any other end leaves',
    'it unknown. An unknown one is run again (by `retry` or after a crash) only with `idempotent: true`; else it is put',
    'before a person. Its process and all it started are ended together. It is taken back by the `undo` of its step.',
  ].join('\n'),
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
          'Program and arguments. A bare name is found by PATH; a relative path is a script file of the project ' +
          '(`ops/restart.sh`) and must lie inside it. No secrets: pass those in env or stdin',
        examples: [
          ['kubectl', 'rollout', 'undo', 'deployment/web'],
          ['ops/restart.sh', 'web-1'],
        ],
      },
      cwd: {
        type: 'string',
        minLength: 1,
        description: "Folder to run it in, relative to the project's; that one if absent",
      },
      env: {
        type: 'object',
        additionalProperties: { type: 'string' },
        description:
          'Variables added to its environment, which else holds only PATH, HOME and the like; secrets may stand here',
      },
      stdin: { type: 'string', description: 'Text it reads; secrets may stand here. Nothing if absent' },
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
      refusedExitCodes: {
        type: 'array',
        items: { type: 'integer', minimum: 0, maximum: 255 },
        minItems: 1,
        description:
          'Exit codes by which the command says that it failed and changed nothing: then it may be run again by `retry`',
      },
      idempotent: {
        type: 'boolean',
        default: false,
        description:
          'Does running it twice do no more than running it once? Then it is run again where its end is unknown',
      },
      maxOutputBytes: {
        type: 'integer',
        minimum: 1,
        maximum: 67_108_864,
        description: `Kept of each stream; ${DEFAULT_MAX_OUTPUT_BYTES} if absent. Text is cut there, JSON that was cut is an error`,
      },
    },
    required: ['command'],
    additionalProperties: false,
  },
  output: {
    type: 'object',
    properties: {
      exitCode: { type: 'integer', description: '-1: not known (a plan, or a person said that it ran)' },
      stdout: { type: 'string', description: 'What it wrote' },
      value: {
        description:
          'The output as `parse` says: text without the last line break, a list of lines, or JSON; null where it is not known',
      },
      stderr: { type: 'string', description: 'What it wrote to the error stream' },
      isTruncated: { type: 'boolean', description: 'A stream was longer than maxOutputBytes' },
      durationMs: { type: 'integer' },
    },
    required: ['exitCode', 'stdout', 'value', 'stderr', 'isTruncated', 'durationMs'],
    additionalProperties: false,
  },
  async run(input, ctx) {
    const [name = '', ...args] = input.command;
    const project = projectFolder(process.cwd());
    const command: Command = {
      name,
      args,
      program: await findProgram(name, project),
      accepted: input.exitCodes ?? [0],
      refused: input.refusedExitCodes ?? [],
      options: {
        cwd: resolve(project, input.cwd ?? '.'),
        maxOutputBytes: input.maxOutputBytes ?? DEFAULT_MAX_OUTPUT_BYTES,
        ...(input.env === undefined ? {} : { env: input.env }),
        ...(input.stdin === undefined ? {} : { input: input.stdin }),
      },
    };
    const parse = input.parse ?? 'text';
    if (ctx.effect === 'read') return toOutput(await runCommand(ctx, command), parse, name);
    const done = await runAsChange(ctx, command, { isIdempotent: input.idempotent ?? false });
    if (done.kind === 'ran') return toOutput(done.ran, parse, name);
    return { exitCode: NO_EXIT_CODE, stdout: '', value: null, stderr: '', isTruncated: false, durationMs: 0 };
  },
});

function toOutput(ran: Ran, parse: Parse, name: string) {
  const { exitCode, stdout, stderr, isTruncated, durationMs } = ran;
  const value = parsed(ran, parse, name);
  return { exitCode, stdout, value, stderr, isTruncated, durationMs: Math.round(durationMs) };
}

function parsed(ran: Ran, parse: Parse, name: string): Json {
  const text = ran.stdout.replace(/\r?\n$/, '');
  if (parse === 'text') return text;
  if (parse === 'lines') return text === '' ? [] : text.split(/\r?\n/);
  if (ran.isTruncated) throw new PermanentFailure(`${name} wrote more than maxOutputBytes: the JSON was cut`);
  try {
    // JSON.parse gives JSON.
    return JSON.parse(text) as Json;
  } catch (error) {
    throw new PermanentFailure(`${name} did not write JSON: ${messageOf(error)}`, { cause: error });
  }
}
