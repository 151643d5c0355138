import type { App, CommonOptions } from '../app.ts';
import { EXIT } from '../exit-codes.ts';
import { createCompiler } from '../playbooks/compiler.ts';
import { findPlaybook, readPlaybook } from '../playbooks/playbook-files.ts';
import { mermaidLines } from '../playbooks/playbook-graph.ts';

/** @throws PlaybookInvalid, E_PLAYBOOK_NOT_FOUND */
export async function graph(app: App, playbook: string, _options: CommonOptions): Promise<number> {
  const file = findPlaybook(app, playbook);
  const compiler = createCompiler(app);
  const plan = await compiler.plan(readPlaybook(file), file.shown);
  const text = mermaidLines(plan, compiler.actions).join('\n');
  app.terminal.print(app.isJson ? JSON.stringify({ playbook: plan.name, mermaid: text }) : text);
  return EXIT.done;
}
