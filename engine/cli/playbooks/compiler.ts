// Playbooks through the compiler, with the actions that this engine and the project have.
import { builtInActions } from '../../../actions/index.ts';
import type { Action } from '../../action.ts';
import { RunbookError } from '../../errors.ts';
import type { JsonObject } from '../../json.ts';
import { countDiagnostics, renderDiagnostics } from '../../playbook/code-frame.ts';
import type { CompileOptions, CompilePlaybook, CompileResult } from '../../playbook/compile.ts';
import type { Diagnostic } from '../../playbook/diagnostics.ts';
import type { Plan } from '../../playbook/plan.ts';
import { textsOf } from '../../project/playbook-mentions.ts';
import type { EventData } from '../../run/events.ts';
import { builtInActionFiles, digestOf } from '../actions/action-digest.ts';
import type { ActionHooks } from '../actions/action-hooks.ts';
import { createLocalActions, type LoadedAction } from '../actions/local-actions.ts';
import type { App } from '../app.ts';
import { loadContacts } from '../project/load-config.ts';
import { packageRoot, schemaNamed } from '../resources.ts';
import { shownPath } from '../shown-path.ts';
import { listPlaybooks, readPlaybook } from './playbook-files.ts';

export interface Compiler {
  /** The built-in ones, and of the project's those that what was compiled so far may use. Grows while compiling. */
  readonly actions: ReadonlyMap<string, Action>;
  /** Everything that is wrong, never thrown. @throws E_ACTION_… where an action that it needs cannot be loaded. */
  compile(text: string, file: string): Promise<CompileResult>;
  /** @throws PlaybookInvalid */
  plan(text: string, file: string): Promise<Plan>;
  /**
   * A run's own playbook and those it calls, from the texts it pinned: no playbook's file is read.
   * @throws PlaybookInvalid where this engine no longer takes it.
   */
  pinned(created: Pick<EventData['run.created'], 'playbook' | 'calls'>): Promise<Plan>;
  /** Loads the project's actions of these names, where it has them: an undo's, recorded by an earlier process. */
  load(names: readonly string[]): Promise<void>;
  /** Loads all of the project's actions. @returns what is wrong with those that could not be loaded. */
  loadAll(): Promise<readonly RunbookError[]>;
  /** Where a loaded action comes from: the file as shown, `built-in`; undefined for what is not loaded. */
  origin(name: string): ActionOrigin | undefined;
  /** Of a loaded action's source: sha256, hexadecimal. The file is read at the first call. */
  actionDigest(name: string): string | undefined;
}

export interface ActionOrigin {
  /** As shown to people; null: built-in. */
  readonly file: string | null;
  /** It stands in the place of a built-in one. */
  readonly hidesBuiltIn: boolean;
}

export class PlaybookInvalid extends RunbookError {
  readonly diagnostics: readonly Diagnostic[];

  /** @param texts of the files that the diagnostics are in. */
  constructor(file: string, texts: ReadonlyMap<string, string>, diagnostics: readonly Diagnostic[]) {
    super({
      code: 'E_PLAYBOOK_INVALID',
      message: `The playbook ${file} is not valid (${countDiagnostics(diagnostics)})\n${renderDiagnostics(diagnostics, texts, { color: false })}`,
    });
    this.diagnostics = diagnostics;
  }
}

type Playbooks = NonNullable<CompileOptions['playbooks']>;

export function createCompiler(app: Pick<App, 'cwd' | 'project' | 'config' | 'terminal'>): Compiler {
  const actions = new Map(builtInActions.map((action) => [action.name, action]));
  const builtIn: ReadonlySet<string> = new Set(actions.keys());
  const builtInFile = builtInActionFiles();
  const shown = (path: string): string => shownPath(app.cwd, path);
  let hooks: Promise<ActionHooks> | null = null;
  const local = createLocalActions({
    // In a checkout of the engine itself they are the built-in ones.
    folders: app.project.actionFolders.filter((folder) => folder !== `${packageRoot()}/actions`),
    builtIn,
    shown,
    hooks: () => {
      hooks ??= makeHooks(app, shown);
      return hooks;
    },
  });
  let compilePlaybook: CompilePlaybook | null = null;

  /** What was loaded since takes its place among the actions. */
  function takeLoaded(): void {
    for (const [name, { action }] of local.loaded) {
      if (actions.get(name) === action) continue;
      if (builtIn.has(name)) app.terminal.tell(replacedLine(name, local.loaded.get(name), shown));
      actions.set(name, action);
    }
  }
  async function loadFor(texts: readonly string[]): Promise<void> {
    await local.loadFor(texts);
    takeLoaded();
  }
  async function compileWith(
    text: string,
    file: string,
    playbooks: Playbooks,
    contacts?: JsonObject,
  ): Promise<CompileResult> {
    await loadFor(textsOf(text, (name) => readable(playbooks, name)));
    compilePlaybook ??= await makeCompiler();
    const options = { text, file, actions, playbooks, ...(contacts === undefined ? {} : { contacts }) };
    const result = compilePlaybook(options);
    if (!result.diagnostics.some(({ code }) => code === UNKNOWN_ACTION)) return result;
    // Rather found late than called unknown; and what is near to a misspelt name is worth knowing.
    const before = local.loaded.size;
    for (const problem of await local.loadAll()) app.terminal.tell(`warning ${problem.message} [${problem.code}]`);
    if (local.loaded.size === before) return result;
    takeLoaded();
    return compilePlaybook(options);
  }
  async function planWith(text: string, file: string, playbooks: Playbooks): Promise<Plan> {
    const { plan, diagnostics, sources } = await compileWith(text, file, playbooks);
    if (plan) return plan;
    throw new PlaybookInvalid(file, sources, diagnostics);
  }
  let known: Playbooks | null = null;
  const playbooks = (): Playbooks => {
    known ??= playbookPort(app);
    return known;
  };
  let reading: Promise<JsonObject | undefined> | null = null;
  const contacts = (): Promise<JsonObject | undefined> => {
    reading ??= knownContacts(app);
    return reading;
  };
  return {
    actions,
    compile: async (text, file) => compileWith(text, file, playbooks(), await contacts()),
    plan: (text, file) => planWith(text, file, playbooks()),
    pinned: ({ playbook, calls = {} }) => planWith(playbook.text, playbook.file, pinnedPort(calls)),
    load: loadFor,
    async loadAll() {
      const problems = await local.loadAll();
      takeLoaded();
      return problems;
    },
    origin(name) {
      const found = local.loaded.get(name);
      if (found) return { file: shown(found.file.path), hidesBuiltIn: builtIn.has(name) };
      return builtIn.has(name) ? { file: null, hidesBuiltIn: false } : undefined;
    },
    actionDigest(name) {
      const file = local.loaded.get(name)?.file ?? (builtIn.has(name) ? builtInFile(name) : undefined);
      return file === undefined ? undefined : digestOf(file);
    },
  };
}

/** A file of contacts that cannot be read is for `doctor`, and for the run, to tell. */
async function knownContacts(app: Pick<App, 'cwd' | 'project' | 'config'>): Promise<JsonObject | undefined> {
  try {
    const { contacts } = await app.config();
    // The contacts are JSON: read from a file, and checked by their schema.
    return ((await loadContacts(app, contacts)) as unknown as JsonObject | null) ?? undefined;
  } catch {
    return undefined;
  }
}

const UNKNOWN_ACTION = 'E_PLAYBOOK_UNKNOWN_ACTION';

/** Loaded when something is compiled: listing actions needs none of it. */
async function makeCompiler(): Promise<CompilePlaybook> {
  const { createPlaybookCompiler } = await import('../../playbook/compile.ts');
  return createPlaybookCompiler({ playbookSchema: schemaNamed('playbook') });
}

/** The playbooks that can be called by name: the project's, then the built-in ones; each read at most once. */
function playbookPort(app: Pick<App, 'cwd' | 'project'>): Playbooks {
  const files = new Map(listPlaybooks(app).map((file) => [file.name, file]));
  const read = new Map<string, { readonly text: string; readonly file: string } | undefined>();
  return {
    names: () => [...files.keys()],
    read(name) {
      if (read.has(name)) return read.get(name);
      const file = files.get(name);
      const found = file === undefined ? undefined : { text: readPlaybook(file), file: file.shown };
      read.set(name, found);
      return found;
    },
  };
}

/** A text that only looks as if it were called is no reason to fail; one that is called fails when it is compiled. */
function readable(playbooks: Playbooks, name: string): string | undefined {
  try {
    return playbooks.read(name)?.text;
  } catch {
    return undefined;
  }
}

function pinnedPort(calls: NonNullable<EventData['run.created']['calls']>): Playbooks {
  return {
    names: () => Object.keys(calls),
    read: (name) => (Object.hasOwn(calls, name) ? calls[name] : undefined),
  };
}

async function makeHooks(app: Pick<App, 'config' | 'terminal'>, shown: (path: string) => string): Promise<ActionHooks> {
  const [{ installActionHooks }, { strictActions }] = await Promise.all([
    import('../actions/action-hooks.ts'),
    app.config(),
  ]);
  return installActionHooks({
    isStrict: strictActions,
    shown,
    onBypass: (path, modules) =>
      app.terminal.tell(
        `warning ${shown(path)} imports ${modules.join(', ')}, which passes by the change ledger's gate: review it like any other code`,
      ),
  });
}

function replacedLine(name: string, loaded: LoadedAction | undefined, shown: (path: string) => string): string {
  return `note ${loaded === undefined ? '' : shown(loaded.file.path)} takes the place of the built-in action ${name}`;
}

/** The file of a built-in playbook as a run names it, where it lies in this package. */
export function builtInPath(shown: string): string | null {
  const name = /^built-in\/([\w.-]+)$/.exec(shown)?.[1];
  return name === undefined ? null : `${packageRoot()}/playbooks/${name}`;
}
