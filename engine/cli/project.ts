// The user's side of the file system: the project a command is typed in, and where runs are kept.
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { RunbookError } from '../errors.ts';

export interface Project {
  /** The nearest folder with runbook.config.yaml; null outside any project. */
  readonly root: string | null;
  /** Where run files lie: the store, drills' worlds, reports. */
  readonly stateFolder: string;
  readonly storeFile: string;
}

type Env = { readonly [name: string]: string | undefined };

/** @throws E_STORE_UNSUPPORTED for a database that this version does not speak. */
export function findProject(cwd: string, env: Env): Project {
  const root = findRoot(cwd);
  const override = env.RUNBOOK_STORE;
  if (override !== undefined && override !== '') {
    const storeFile = resolve(cwd, storePath(override));
    return { root, storeFile, stateFolder: dirname(storeFile) };
  }
  const stateFolder = root === null ? userStateFolder(env) : join(root, '.runbook');
  return { root, stateFolder, storeFile: join(stateFolder, 'runs.db') };
}

function findRoot(cwd: string): string | null {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'runbook.config.yaml'))) return folder;
    if (dirname(folder) === folder) return null;
  }
}

function storePath(store: string): string {
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//.exec(store)?.[1];
  if (scheme === undefined) return store;
  throw new RunbookError({
    code: 'E_STORE_UNSUPPORTED',
    message: `RUNBOOK_STORE names a ${scheme} database, which this version does not speak yet`,
    hint: 'Set RUNBOOK_STORE to the path of a file, or unset it',
  });
}

/** Source: XDG Base Directory Specification 0.8, which ignores a relative XDG_STATE_HOME. */
function userStateFolder(env: Env): string {
  const given = env.XDG_STATE_HOME;
  const base = given?.startsWith('/') ? given : join(env.HOME ?? homedir(), '.local', 'state');
  return join(base, 'runbook');
}
