// Playbooks as `validate` is told of them: names, files, folders.
import { readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { RunbookError } from '../../errors.ts';
import type { App } from '../app.ts';
import { findPlaybook, listPlaybooks, type PlaybookFile } from './playbook-files.ts';

/**
 * Each file once, in the order given; nothing given: all playbooks of the project and the built-in ones.
 * @throws E_PLAYBOOK_NOT_FOUND; also for a folder without a playbook: nothing looked at is nothing validated.
 */
export function playbooksNamed(app: Pick<App, 'cwd' | 'project'>, given: readonly string[]): PlaybookFile[] {
  if (given.length === 0) return listPlaybooks(app);
  const found = new Map<string, PlaybookFile>();
  for (const one of given) for (const file of filesOf(app, one)) if (!found.has(file.path)) found.set(file.path, file);
  return [...found.values()];
}

function filesOf(app: Pick<App, 'cwd' | 'project'>, given: string): PlaybookFile[] {
  if (!isFolder(app, given)) return [findPlaybook(app, given)];
  const names = readdirSync(resolve(app.cwd, given))
    .filter((name) => /\.ya?ml$/.test(name) && !/^(contacts\b|runbook\.config\.)/.test(name))
    .sort();
  if (names.length > 0) return names.map((name) => findPlaybook(app, join(given, name)));
  throw new RunbookError({
    code: 'E_PLAYBOOK_NOT_FOUND',
    message: `There is no playbook in the folder ${given}`,
    hint: 'Playbooks are its .yaml files; folders inside it are named on their own',
  });
}

/** A playbook of that name comes before a folder of that name; `./NAME` means the folder. */
function isFolder(app: Pick<App, 'cwd' | 'project'>, given: string): boolean {
  if (!(statSync(resolve(app.cwd, given), { throwIfNoEntry: false })?.isDirectory() ?? false)) return false;
  return /[/\\]|^\.+$/.test(given) || !listPlaybooks(app).some(({ name }) => name === given);
}
