import { RunbookError } from '../../errors.ts';
import { listed, nearest } from '../../playbook/suggest.ts';
import { actionJson, actionPage, originWords } from '../actions/action-page.ts';
import type { App, CommonOptions } from '../app.ts';
import { EXIT } from '../exit-codes.ts';
import { type Compiler, createCompiler } from '../playbooks/compiler.ts';
import { errorText } from '../show-error.ts';
import { table } from '../table.ts';

/** `actions`, and `actions show NAME`. @throws E_USAGE, E_ACTION_NOT_FOUND */
export async function actions(
  app: App,
  what: string | undefined,
  name: string | undefined,
  options: CommonOptions,
): Promise<number> {
  const compiler = createCompiler(app);
  if (what === undefined) return listAll(app, compiler, options);
  if (what === 'show' && name !== undefined) return showOne(app, compiler, name);
  throw new RunbookError({
    code: 'E_USAGE',
    message: what === 'show' ? 'Which action?' : `actions does not know ${what}`,
    hint: 'runbook actions lists them, runbook actions show NAME explains one',
  });
}

/** Those that can be loaded are listed, whatever is wrong with others; those are said, and the exit code is 2. */
async function listAll(app: App, compiler: Compiler, options: CommonOptions): Promise<number> {
  const problems = await compiler.loadAll();
  const found = [...compiler.actions.values()]
    .map((action) => ({ action, origin: compiler.origin(action.name) ?? { file: null, hidesBuiltIn: false } }))
    .sort((a, b) => (a.action.name < b.action.name ? -1 : 1));
  if (app.isJson) {
    app.terminal.print(
      JSON.stringify(
        found.map(({ action: { name, effect, title }, origin }) => ({
          name,
          effect,
          title,
          from: origin.file ?? 'built-in',
          hidesBuiltIn: origin.hidesBuiltIn,
        })),
      ),
    );
  } else {
    const rows = found.map(({ action, origin }) => [action.name, action.effect, action.title, originWords(origin)]);
    for (const line of table(['ACTION', 'EFFECT', 'TITLE', 'FROM'], rows)) app.terminal.print(line);
  }
  const { errorPalette: palette, tell } = app.terminal;
  for (const problem of problems)
    tell(errorText(problem, { isJson: app.isJson, isDebug: options.debug === true, palette, redactor: app.redactor }));
  return problems.length === 0 ? EXIT.done : EXIT.usage;
}

async function showOne(app: App, compiler: Compiler, name: string): Promise<number> {
  await compiler.load([name]);
  let action = compiler.actions.get(name);
  const problems = action ? [] : await compiler.loadAll();
  action ??= compiler.actions.get(name);
  const origin = compiler.origin(name);
  if (action === undefined || origin === undefined) throw notFound(name, [...compiler.actions.keys()], problems);
  if (app.isJson) app.terminal.print(JSON.stringify(actionJson(action, origin)));
  else for (const line of actionPage(action, origin, app.terminal)) app.terminal.print(line);
  return EXIT.done;
}

function notFound(name: string, known: readonly string[], problems: readonly RunbookError[]): RunbookError {
  const near = nearest(name, known);
  const family = known.filter((one) => one.split('.')[0] === name.split('.')[0]);
  const [problem] = problems;
  return new RunbookError({
    code: 'E_ACTION_NOT_FOUND',
    message: `There is no action ${name}${problem === undefined ? '' : `; some could not be loaded: ${problem.message}`}`,
    hint:
      near !== undefined
        ? `Did you mean ${near}?`
        : family.length > 0
          ? `There are ${listed(family)}`
          : 'runbook actions lists them',
  });
}
