// The user's side of the file system: the project a command is typed in, where its files are, and where runs are kept.
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { RunbookError } from '../../errors.ts';
import { readText } from '../read-text.ts';
import { shownPath } from '../shown-path.ts';

export interface Project {
  /** The nearest folder with runbook.config.yaml; null outside any project. */
  readonly root: string | null;
  /** What its runbook.config.yaml says, and how the file is shown; null outside any project. */
  readonly config: { readonly file: string; readonly text: string } | null;
  /** Absolute, the first wins. */
  readonly playbookFolders: readonly string[];
  /** Absolute; none outside a project: code is run from a folder only where its owner made it a project. */
  readonly actionFolders: readonly string[];
  /** Where run files lie: the store where it is a file, drills' worlds, reports. @throws E_STORE_UNSUPPORTED */
  readonly stateFolder: string;
  /**
   * The address of the PostgreSQL database that runs are kept in, a password perhaps in it; null: they are in `storeFile`.
   * @throws E_STORE_UNSUPPORTED for a database that this version does not speak.
   */
  readonly storeUrl: string | null;
  /** Without a meaning where there is a `storeUrl`. @throws E_STORE_UNSUPPORTED */
  readonly storeFile: string;
}

/** What a config says of places, as it is written there. */
export interface ConfiguredPlaces {
  readonly playbooks: readonly string[];
  readonly actions: readonly string[];
  readonly store?: string;
}

type Env = { readonly [name: string]: string | undefined };

/**
 * @param parse called only where the config says something of places: most commands need nothing else of it.
 * @throws E_CONFIG_NOT_READABLE, and whatever `parse` does.
 */
export async function findProject(
  cwd: string,
  env: Env,
  parse: (config: NonNullable<Project['config']>) => Promise<ConfiguredPlaces>,
): Promise<Project> {
  const root = findRoot(cwd);
  const config = root === null ? null : readConfig(cwd, root);
  const places = config !== null && saysPlaces(config.text) ? await parse(config) : null;
  const base = root ?? cwd;
  const store = (): StorePlace => findStore({ cwd, env, root, configured: places?.store });
  return {
    root,
    config,
    playbookFolders: (places?.playbooks ?? ['playbooks']).map((folder) => resolve(base, folder)),
    actionFolders: root === null ? [] : (places?.actions ?? ['actions']).map((folder) => resolve(root, folder)),
    get stateFolder() {
      return store().folder;
    },
    get storeUrl() {
      return store().url;
    },
    get storeFile() {
      return store().file;
    },
  };
}

function findRoot(cwd: string): string | null {
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'runbook.config.yaml'))) return folder;
    if (dirname(folder) === folder) return null;
  }
}

function readConfig(cwd: string, root: string): NonNullable<Project['config']> {
  const path = join(root, 'runbook.config.yaml');
  const shown = shownPath(cwd, path);
  return {
    file: shown,
    text: readText(path, { code: 'E_CONFIG_NOT_READABLE', shown, hint: 'Make it a readable file' }),
  };
}

/** Comments aside: parsing and checking a config takes longer than all else that a small command does. */
function saysPlaces(text: string): boolean {
  return /\b(?:playbooks|actions|store)\b/.test(text.replace(/^\s*#.*$/gm, ''));
}

interface StoreQuery {
  readonly cwd: string;
  readonly env: Env;
  readonly root: string | null;
  readonly configured: string | undefined;
}

interface StorePlace {
  readonly url: string | null;
  readonly folder: string;
  readonly file: string;
}

function findStore({ cwd, env, root, configured }: StoreQuery): StorePlace {
  const folder = root === null ? userStateFolder(env) : join(root, '.runbook');
  const named = (store: string, base: string, who: string): StorePlace => {
    // What belongs to one machine lies where it would without a database.
    if (isDatabase(store, who)) return { url: store, folder, file: join(folder, 'runs.db') };
    const file = resolve(base, store);
    return { url: null, file, folder: dirname(file) };
  };
  const override = env.RUNBOOK_STORE;
  if (override !== undefined && override !== '') return named(override, cwd, 'RUNBOOK_STORE names');
  if (root !== null && configured !== undefined) return named(configured, root, '`store` in runbook.config.yaml names');
  return { url: null, folder, file: join(folder, 'runs.db') };
}

/** Whether it names a PostgreSQL database. @throws E_STORE_UNSUPPORTED where it names another one. */
function isDatabase(store: string, who: string): boolean {
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//.exec(store)?.[1];
  if (scheme === undefined) return false;
  if (scheme === 'postgres' || scheme === 'postgresql') return true;
  throw new RunbookError({
    code: 'E_STORE_UNSUPPORTED',
    message: `${who} a ${scheme} database, which this version does not speak`,
    hint: who.startsWith('RUNBOOK_STORE')
      ? 'Set RUNBOOK_STORE to the path of a file or to postgres://…, or unset it'
      : 'Name the path of a file or postgres://… there, or leave `store` out',
  });
}

/** Source: XDG Base Directory Specification 0.8, which ignores a relative XDG_STATE_HOME. */
function userStateFolder(env: Env): string {
  const given = env.XDG_STATE_HOME;
  const base = given?.startsWith('/') ? given : join(env.HOME ?? homedir(), '.local', 'state');
  return join(base, 'runbook');
}
