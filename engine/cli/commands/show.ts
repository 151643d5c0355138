import type { App, CommonOptions } from '../app.ts';
import { EXIT } from '../exit-codes.ts';
import { createCompiler } from '../playbooks/compiler.ts';
import { planJson } from '../playbooks/plan-json.ts';
import { findPlaybook, readPlaybook } from '../playbooks/playbook-files.ts';
import { outlineLines } from '../playbooks/playbook-outline.ts';

/** @throws PlaybookInvalid, E_PLAYBOOK_NOT_FOUND */
export async function show(app: App, playbook: string, _options: CommonOptions): Promise<number> {
  const file = findPlaybook(app, playbook);
  const compiler = createCompiler(app);
  const plan = await compiler.plan(readPlaybook(file), file.shown);
  if (app.isJson) app.terminal.print(JSON.stringify(planJson(plan, compiler.actions)));
  else for (const line of outlineLines(plan, compiler.actions, app.terminal.palette.bold)) app.terminal.print(line);
  return EXIT.done;
}
