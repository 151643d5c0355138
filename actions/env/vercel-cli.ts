// Variables of a Vercel project by the `vercel` program of the machine, which is logged in and whose folder is linked:
// `vercel env ls` for names, environments and ages, `vercel env pull` for the values. Its output and its file are as its
// public source writes them (github.com/vercel/vercel, packages/cli/src/commands/env: ls.ts, pull.ts); what versions of it
// that are not public write is not verified: a list that is not understood is an error, never an empty one.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseEnv, stripVTControlCharacters } from 'node:util';
import { type ActionContext, type ExecResult, messageOf, PermanentFailure } from '../../engine/action.ts';
import type { Values } from './judge.ts';
import type { Listed, Source } from './sources.ts';

export interface VercelCliOptions {
  readonly command: readonly string[];
  readonly environment: string;
  readonly cwd: string | undefined;
}

/** A `.env` of a project is small; one that was cut would miss variables. */
const MOST_OUTPUT_BYTES = 16 * 1024 * 1024;

/** @throws PermanentFailure where the program is not there, is not logged in, or writes what is not understood. */
export async function fromVercelCli(ctx: ActionContext, options: VercelCliOptions): Promise<Source> {
  const { environment } = options;
  const listed = parseList((await runVercel(ctx, options, ['env', 'ls', environment])).stdout, environment);
  const values = await pull(ctx, options);
  return {
    words: `Vercel (${environment}, by its command line)`,
    values,
    listed,
    unreadable: new Set(listed.map(({ name }) => name).filter((name) => (values[name] ?? '') === '')),
  };
}

/** The values pass through a file that only this user can open, and that is gone when this returns. */
async function pull(ctx: ActionContext, options: VercelCliOptions): Promise<Values> {
  const folder = await mkdtemp(join(tmpdir(), 'runbook-env-'));
  try {
    const file = join(folder, 'pulled');
    await runVercel(ctx, options, ['env', 'pull', file, `--environment=${options.environment}`, '--yes']);
    return parsePulled(await readFile(file, 'utf8'));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      throw new PermanentFailure('`vercel env pull` said that it went well, and wrote no file');
    }
    throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runVercel(
  ctx: ActionContext,
  { command, cwd }: VercelCliOptions,
  args: readonly string[],
): Promise<ExecResult> {
  const [file = 'vercel', ...first] = command;
  const line = [...command, ...args.slice(0, 2)].join(' ');
  let result: ExecResult;
  try {
    result = await ctx.exec(file, [...first, ...args], {
      env: { NO_COLOR: '1', VERCEL_TELEMETRY_DISABLED: '1', ...whoAsks(ctx) },
      maxOutputBytes: MOST_OUTPUT_BYTES,
      ...(cwd === undefined ? {} : { cwd: resolve(cwd) }),
    });
  } catch (error) {
    ctx.signal.throwIfAborted();
    const hint =
      'Install it (npm i -g vercel), name it in `vercel.command`, or give the secret VERCEL_TOKEN for its REST API';
    throw new PermanentFailure(`\`${line}\` could not be started: ${messageOf(error)}. ${hint}`, { cause: error });
  }
  if (result.exitCode !== 0) {
    // Only what its error lines say: a table or a spinner's rest may be there too, and stdout may hold values.
    const said = stripVTControlCharacters(result.stderr).match(/^Error: .*$/m)?.[0] ?? '';
    const why = said === '' ? 'Is it logged in, and the folder linked (vercel link)?' : said.slice(0, 300);
    throw new Error(`\`${line}\` ended with ${result.exitCode ?? result.signal}. ${why}`);
  }
  return result;
}

/**
 * The CLI's own variables, through the environment so that no list of processes shows a token. It wants project and owner
 * (a team's id, called so by the REST API) both or neither: https://vercel.com/docs/cli/project-linking, not verified.
 */
function whoAsks({ env }: Pick<ActionContext, 'env'>): { readonly [name: string]: string } {
  const { VERCEL_TOKEN: token = '', VERCEL_PROJECT_ID: project = '' } = env;
  const owner = env.VERCEL_ORG_ID || env.VERCEL_TEAM_ID || '';
  return {
    ...(token === '' ? {} : { VERCEL_TOKEN: token }),
    ...(project === '' || owner === '' ? {} : { VERCEL_PROJECT_ID: project, VERCEL_ORG_ID: owner }),
  };
}

/**
 * The table of `vercel env ls`: columns `name`, `value`, `environments` (or `environments (git branch)`), `created`, told
 * apart by where their heads stand, since a plain value is printed and may hold spaces. The values are not looked at.
 */
export function parseList(stdout: string, environment: string): readonly Listed[] {
  const lines = stripVTControlCharacters(stdout).split(/\r?\n/);
  const at = lines.findIndex((line) => /^\s*name\s+value\s+environments\b.*\bcreated\s*$/.test(line));
  const head = lines[at];
  if (head === undefined) {
    if (lines.every((line) => line.trim() === '')) return [];
    throw new PermanentFailure(
      `The list that \`vercel env ls ${environment}\` wrote is not understood: no line with the heads name, value, environments, created. Give the secret VERCEL_TOKEN to ask its REST API`,
    );
  }
  const [value, environments, created] = ['value', 'environments', 'created'].map((word) => head.indexOf(word));
  return lines.slice(at + 1).flatMap((line) => {
    const name = line.slice(0, value).trim();
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return [];
    const where = line.slice(environments, created).trim();
    const age = line.slice(created).trim();
    return [
      {
        name,
        environments: where.split(/,\s*/).filter((one) => one !== ''),
        changed: age === '' ? '' : `created ${age}`,
      },
    ];
  });
}

/**
 * The file of `vercel env pull`: a line a variable, `NAME="value"` with line ends written as \n and \r and nothing else
 * escaped. A reader of .env files would take a value that itself begins with a quote, one of the faults that are looked
 * for, for an empty one; a file of any other form is read as a .env file. Whether a value holds a line end or the two
 * characters \n, such a file does not tell.
 */
export function parsePulled(text: string): Values {
  const values: { [name: string]: string } = {};
  for (const line of text.split(/\r?\n/)) {
    if (line.trim() === '' || line.startsWith('#')) continue;
    const [, name, escaped] = /^([A-Za-z_][A-Za-z0-9_]*)="(.*)"$/.exec(line) ?? [];
    if (name === undefined || escaped === undefined) return parseEnv(text);
    values[name] = escaped.replaceAll('\\n', '\n').replaceAll('\\r', '\r');
  }
  return values;
}
