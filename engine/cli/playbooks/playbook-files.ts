// Which playbooks there are: the project's first, then the built-in ones.
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { invariant, messageOf, RunbookError } from '../../errors.ts';
import { createCollector } from '../../playbook/collector.ts';
import type { Diagnostic } from '../../playbook/diagnostics.ts';
import { decodePlaybook } from '../../playbook/source.ts';
import { listed, nearest } from '../../playbook/suggest.ts';
import type { App } from '../app.ts';
import { packageRoot } from '../resources.ts';
import { shownPath } from '../shown-path.ts';

export interface PlaybookFile {
  readonly name: string;
  /** Absolute. */
  readonly path: string;
  /** As shown to people: relative to where they stand; `built-in/NAME.yaml` for ours. */
  readonly shown: string;
  readonly isBuiltIn: boolean;
  /** A local one that stands in the place of a built-in one of its name. */
  readonly hidesBuiltIn: boolean;
}

type Where = Pick<App, 'cwd' | 'project'>;

/** A local playbook hides a built-in one of the same name, and one in a later folder. */
export function listPlaybooks(app: Where): PlaybookFile[] {
  const builtIn = builtInPlaybooks();
  const found = new Map<string, PlaybookFile>();
  for (const file of [...localPlaybooks(app, builtIn), ...builtIn])
    if (!found.has(file.name)) found.set(file.name, file);
  return [...found.values()].sort((a, b) => a.name.localeCompare(b.name, 'en'));
}

function localPlaybooks(app: Where, builtIn: readonly PlaybookFile[]): PlaybookFile[] {
  const hidden = new Set(builtIn.map(({ name }) => name));
  const folders = app.project.playbookFolders.filter((folder) => folder !== join(packageRoot(), 'playbooks'));
  return folders.flatMap(playbooksIn).map((path) => {
    const name = nameOf(path);
    return { path, name, shown: shownPath(app.cwd, path), isBuiltIn: false, hidesBuiltIn: hidden.has(name) };
  });
}

function builtInPlaybooks(): PlaybookFile[] {
  return playbooksIn(join(packageRoot(), 'playbooks')).map((path) => ({
    path,
    name: nameOf(path),
    shown: `built-in/${basename(path)}`,
    isBuiltIn: true,
    hidesBuiltIn: false,
  }));
}

/** Contacts may lie beside playbooks. */
function playbooksIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => /\.ya?ml$/.test(name) && !/^contacts\b/.test(name));
  return names.sort().map((name) => join(folder, name));
}

/**
 * @param given a name, or the path of a YAML file.
 * @throws E_PLAYBOOK_NOT_FOUND with the nearest name.
 */
export function findPlaybook(app: Where, given: string): PlaybookFile {
  if (/[/\\]|\.ya?ml$/.test(given)) {
    const path = resolve(app.cwd, given);
    if (existsSync(path) && statSync(path).isFile())
      return { name: nameOf(path), path, shown: shownPath(app.cwd, path), isBuiltIn: false, hidesBuiltIn: false };
    throw new RunbookError({
      code: 'E_PLAYBOOK_NOT_FOUND',
      message: `There is no file ${given}`,
      hint: 'runbook list shows the playbooks there are',
    });
  }
  const known = listPlaybooks(app);
  const file = known.find((one) => one.name === given);
  if (file) return file;
  const near = nearest(
    given,
    known.map((one) => one.name),
  );
  throw new RunbookError({
    code: 'E_PLAYBOOK_NOT_FOUND',
    message: `There is no playbook ${given}`,
    hint: near === undefined ? `There are ${listed(known.map((one) => one.name))}` : `Did you mean ${near}?`,
  });
}

/** @throws E_PLAYBOOK_NOT_READABLE, E_PLAYBOOK_ENCODING */
export function readPlaybook(file: PlaybookFile): string {
  const read = decodeFile(file);
  if ('text' in read) return read.text;
  const [problem] = read.diagnostics;
  invariant(problem, 'what cannot be decoded is reported');
  const { code, message, hint, location } = problem;
  throw new RunbookError({ code, message: `Cannot read ${file.shown}: ${message}`, hint, location });
}

/** The text, or what is wrong with its bytes. @throws E_PLAYBOOK_NOT_READABLE */
export function decodeFile(
  file: PlaybookFile,
): { readonly text: string } | { readonly diagnostics: readonly Diagnostic[] } {
  const collector = createCollector();
  const text = decodePlaybook(readBytes(file), file.shown, collector);
  return text === undefined ? { diagnostics: collector.list() } : { text };
}

function readBytes(file: PlaybookFile): Uint8Array {
  try {
    return readFileSync(file.path);
  } catch (cause) {
    throw new RunbookError({
      code: 'E_PLAYBOOK_NOT_READABLE',
      message: `Cannot read ${file.shown}: ${messageOf(cause)}`,
      cause,
    });
  }
}

function nameOf(path: string): string {
  return basename(path).replace(/\.ya?ml$/, '');
}
