import { join } from 'node:path';
import { RunbookError } from '../../errors.ts';
import { isActionName } from '../../project/action-source.ts';
import type { App, CommonOptions } from '../app.ts';
import { EXIT } from '../exit-codes.ts';
import { templateText, writeNewFile } from '../project/new-files.ts';
import { schemaReference, writeSchemaCopies } from '../project/schema-copies.ts';
import { shownPath } from '../shown-path.ts';

interface NewFile {
  readonly path: string;
  readonly text: string;
  /** What to do with it. */
  readonly next: string;
}

/** `new playbook NAME`, `new action FAMILY.VERB-OBJECT`. @throws E_USAGE, E_FILE_EXISTS, E_FILE_NOT_WRITTEN */
export async function create(app: App, what: string, name: string, _options: CommonOptions): Promise<number> {
  const { path, text, next } = plan(app, what, name);
  const shown = shownPath(app.cwd, path);
  if (!writeNewFile(path, text)) {
    throw new RunbookError({
      code: 'E_FILE_EXISTS',
      message: `There is a file ${shown} already; it was left as it is`,
      hint: 'Choose another name, or remove it first',
    });
  }
  if (what === 'playbook' && app.project.root !== null) writeSchemaCopies(app.project.root);
  if (app.isJson) app.terminal.print(JSON.stringify({ written: shown }));
  else {
    app.terminal.print(`wrote  ${shown}`);
    app.terminal.print(next);
  }
  return EXIT.done;
}

function plan(app: App, what: string, name: string): NewFile {
  const values = { NAME: name, TITLE: titleOf(name) };
  if (what === 'playbook') {
    if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) throw badName('playbook', name, 'restart-shop');
    const [folder = join(app.cwd, 'playbooks')] = app.project.playbookFolders;
    return {
      path: join(folder, `${name}.yaml`),
      text: playbookText(app, folder, values),
      next: `Next: write its steps, then runbook validate ${name}`,
    };
  }
  if (what === 'action') {
    if (!isActionName(name)) throw badName('action', name, 'shop.restart-worker');
    const [folder] = app.project.actionFolders;
    if (folder === undefined) throw noProject();
    const [family = '', ...rest] = name.split('.');
    return {
      path: join(folder, family, `${rest.join('.')}.ts`),
      text: templateText('new/action.ts', values),
      next: `Next: write what it does, then runbook actions show ${name}`,
    };
  }
  throw new RunbookError({
    code: 'E_USAGE',
    message: `new does not know ${what}`,
    hint: 'runbook new playbook NAME, or runbook new action FAMILY.VERB-OBJECT',
  });
}

/** Outside a project there is no schema that its first line could name. */
function playbookText({ project: { root } }: App, folder: string, values: { readonly [name: string]: string }): string {
  const SCHEMA = root === null ? '' : schemaReference(root, folder, 'playbook');
  const text = templateText('new/playbook.yaml', { ...values, SCHEMA });
  return root === null ? text.slice(text.indexOf('\n') + 1) : text;
}

/** `shop.restart-worker` → `Restart worker`. */
function titleOf(name: string): string {
  const words = (name.split('.').at(-1) ?? name).replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function badName(what: string, name: string, example: string): RunbookError {
  return new RunbookError({
    code: 'E_USAGE',
    message: `${name} is no name for ${what === 'action' ? 'an action' : 'a playbook'}`,
    hint: `Small letters, digits and dashes${what === 'action' ? ', a family and a verb' : ''}: ${example}`,
  });
}

function noProject(): RunbookError {
  return new RunbookError({
    code: 'E_USAGE',
    message: 'Actions of your own belong to a project, and this folder is in none',
    hint: 'runbook init makes it one',
  });
}
