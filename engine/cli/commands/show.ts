import type { App, CommonOptions } from '../app.ts';
import { createCompiler } from '../compiler.ts';
import { EXIT } from '../exit-codes.ts';
import { planJson } from '../plan-json.ts';
import { findPlaybook, readPlaybook } from '../playbook-files.ts';
import { outlineLines } from '../playbook-outline.ts';

/** @throws PlaybookInvalid, E_PLAYBOOK_NOT_FOUND */
export async function show(app: App, playbook: string, _options: CommonOptions): Promise<number> {
  const file = findPlaybook(app, playbook);
  const compiler = createCompiler(app);
  const plan = await compiler.plan(readPlaybook(file), file.shown);
  if (app.isJson) app.terminal.print(JSON.stringify(planJson(plan, compiler.actions)));
  else for (const line of outlineLines(plan, compiler.actions, app.terminal.palette.bold)) app.terminal.print(line);
  return EXIT.done;
}
