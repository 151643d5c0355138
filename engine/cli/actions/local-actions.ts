// The project's own actions, loaded as far as they are needed.
import { pathToFileURL } from 'node:url';
import type { Action } from '../../action.ts';
import { messageOf, RunbookError, type SourceLocation } from '../../errors.ts';
import type { ValueValidator } from '../../playbook/validate-value.ts';
import { actionProblems, asAction } from '../../project/action-shape.ts';
import { type ActionFile, findActionFiles } from './action-files.ts';
import type { ActionHooks } from './action-hooks.ts';

export interface LocalActionsOptions {
  readonly folders: readonly string[];
  /** Names of the actions that come with the engine. */
  readonly builtIn: ReadonlySet<string>;
  readonly shown: (path: string) => string;
  readonly hooks: () => Promise<ActionHooks>;
}

export interface LocalActions {
  /** Loaded so far, by name. */
  readonly loaded: ReadonlyMap<string, LoadedAction>;
  /**
   * Loads the actions that these texts mention, those that those mention (as their undo), those that replace built-in ones,
   * and those whose name only running them can tell.
   * @throws E_ACTION_LOAD, E_ACTION_INVALID, E_ACTION_DUPLICATE, E_ACTION_STRICT
   */
  loadFor(texts: readonly string[]): Promise<void>;
  /** Loads all there are. @returns what was wrong with those that could not be loaded. */
  loadAll(): Promise<readonly RunbookError[]>;
}

export interface LoadedAction {
  readonly action: Action;
  readonly file: ActionFile;
}

export function createLocalActions({ folders, builtIn, shown, hooks }: LocalActionsOptions): LocalActions {
  let files: readonly ActionFile[] | null = null;
  const loaded = new Map<string, LoadedAction>();
  const tried = new Map<string, Promise<void>>();
  let validator: ValueValidator | null = null;
  const all = (): readonly ActionFile[] => {
    files ??= folders.flatMap(findActionFiles);
    return files;
  };

  async function loadFile(file: ActionFile): Promise<void> {
    const exported = (await importFile(file, await hooks(), shown)).default;
    // It says `default` somewhere, but exports none: a helper after all.
    if (exported === undefined) return;
    validator ??= (await import('../../playbook/validate-value.ts')).createValueValidator();
    const problems = actionProblems(exported, validator);
    if (problems.length > 0) throw invalid(shown(file.path), problems);
    const action = asAction(exported);
    const other = loaded.get(action.name);
    if (other !== undefined) throw duplicate(action.name, [shown(other.file.path), shown(file.path)]);
    loaded.set(action.name, { action, file });
  }
  function load(file: ActionFile): Promise<void> {
    const known = tried.get(file.path);
    if (known !== undefined) return known;
    const loading = loadFile(file);
    tried.set(file.path, loading);
    return loading;
  }

  return {
    loaded,
    async loadFor(texts) {
      const mentioned = [...texts];
      const done = new Set<ActionFile>();
      // One after the other, in the order of the folders, so that the same thing is said each time: also of a file that
      // could not be loaded before.
      for (let found = true; found; ) {
        found = false;
        for (const file of all()) {
          if (done.has(file) || !isWanted(file, builtIn, mentioned)) continue;
          await load(file);
          done.add(file);
          mentioned.push(file.text);
          found = true;
        }
      }
    },
    async loadAll() {
      const problems: RunbookError[] = [];
      for (const file of all()) {
        try {
          await load(file);
        } catch (error) {
          if (!(error instanceof RunbookError)) throw error;
          problems.push(error);
        }
      }
      return problems;
    },
  };
}

function isWanted({ names }: ActionFile, builtIn: ReadonlySet<string>, texts: readonly string[]): boolean {
  if (names.length === 0) return true;
  return names.some((name) => builtIn.has(name) || texts.some((text) => text.includes(name)));
}

async function importFile(
  { path }: ActionFile,
  hooks: ActionHooks,
  shown: (path: string) => string,
): Promise<{ readonly [name: string]: unknown }> {
  try {
    return await hooks.load(path);
  } catch (error) {
    if (error instanceof RunbookError) throw error;
    throw new RunbookError({
      code: 'E_ACTION_LOAD',
      message: `The action ${shown(path)} cannot be loaded: ${messageOf(error)}`,
      hint: loadHint(error),
      location: placeOf(error, path, shown(path)) ?? topOf(shown(path)),
      cause: error,
    });
  }
}

/** Source: Node 24, "TypeScript: Type stripping", and its list of error codes. */
function loadHint(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  switch (code) {
    case 'ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX':
      return 'Node only strips types: no enums, no namespaces, no parameter properties, no decorators';
    case 'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING':
      return 'Node strips no types under node_modules: a package must ship JavaScript';
    case 'ERR_MODULE_NOT_FOUND':
      return 'Install what it imports; files of your own are imported with their extension: ./helper.ts';
    default:
      return error instanceof SyntaxError
        ? 'Correct it; what is only a type must be imported with `import type`'
        : 'It failed while it was loaded: correct it, and leave work to `run`';
  }
}

/** The first line of the file that the stack names; Node puts that of a syntax error before the message. */
function placeOf(error: unknown, path: string, shown: string): SourceLocation | undefined {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  for (const name of [pathToFileURL(path).href, path]) {
    const at = stack.indexOf(`${name}:`);
    const [, line, column] = at === -1 ? [] : (/^:(\d+)(?::(\d+))?/.exec(stack.slice(at + name.length)) ?? []);
    if (line !== undefined) return { file: shown, line: Number(line), column: Number(column ?? 1) };
  }
  return undefined;
}

function topOf(shown: string): SourceLocation {
  return { file: shown, line: 1, column: 1 };
}

function invalid(shown: string, problems: readonly string[]): RunbookError {
  return new RunbookError({
    code: 'E_ACTION_INVALID',
    message: `${shown} is not a valid action\n${problems.map((problem) => `  ${problem}`).join('\n')}`,
    hint: "import { defineAction } from 'runbook/action'; runbook new action NAME writes one to start from",
    location: topOf(shown),
  });
}

function duplicate(name: string, files: readonly [string, string]): RunbookError {
  return new RunbookError({
    code: 'E_ACTION_DUPLICATE',
    message: `Two files define the action ${name}: ${files[0]} and ${files[1]}`,
    hint: 'Rename one of them',
    location: topOf(files[1]),
  });
}
