// Where variables are read from: this process, a .env file, or Vercel. Values stay in memory and go nowhere else.
import { type ActionContext, messageOf, PermanentFailure } from '../../engine/action.ts';
import type { Values } from './judge.ts';

export interface Listed {
  readonly name: string;
  readonly environments: readonly string[];
  /** When it was set or changed, in words; empty where nothing says it. */
  readonly changed: string;
}

export interface Source {
  /** In words: `Vercel (production)`. */
  readonly words: string;
  readonly values: Values;
  readonly listed: readonly Listed[];
  /** Names that are set although their value cannot be read. */
  readonly unreadable: ReadonlySet<string>;
}

export function fromProcess(ctx: Pick<ActionContext, 'env'>): Source {
  return { words: 'the environment of this process', ...listing(ctx.env, '') };
}

/**
 * Read as Node's own `--env-file` and dotenv do: quotes, comments, `export`, values of several lines. What another
 * variable's value would be expanded to (`$OTHER`) stays as it is written.
 * @throws PermanentFailure where the file cannot be read; it names the file and the system's reason alone.
 */
export async function fromFile(file: string): Promise<Source> {
  const [{ readFile, stat }, { parseEnv }] = await Promise.all([import('node:fs/promises'), import('node:util')]);
  try {
    const values = parseEnv(await readFile(file, 'utf8'));
    return { words: `the file ${file}`, ...listing(values, `file of ${(await stat(file)).mtime.toISOString()}`) };
  } catch (error) {
    throw new PermanentFailure(`The file ${file} cannot be read: ${messageOf(error)}`, { cause: error });
  }
}

function listing(values: Values, changed: string): Pick<Source, 'values' | 'listed' | 'unreadable'> {
  const names = Object.keys(values).filter((name) => values[name] !== undefined);
  return {
    values,
    listed: names.map((name) => ({ name, environments: [], changed })),
    unreadable: new Set(),
  };
}
