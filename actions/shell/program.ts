// What a command's first word means: a program found by PATH or by its whole path, or a script file of the project.
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile, realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { messageOf, PermanentFailure } from '../../engine/action.ts';

export interface Program {
  /** What is executed. */
  readonly file: string;
  /** A file of the project: its path there, and the SHA-256 of what it holds. */
  readonly script?: { readonly path: string; readonly sha256: string };
}

/** The nearest folder with runbook.config.yaml; without one the folder the engine was started in. */
export function projectFolder(startedIn: string): string {
  for (let folder = resolve(startedIn); ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'runbook.config.yaml'))) return folder;
    if (dirname(folder) === folder) return resolve(startedIn);
  }
}

/**
 * A relative path is a script of the project, and must lie inside it, also where it is a link; a bare name is looked up
 * in PATH, and an absolute path is taken as it is.
 * @throws PermanentFailure
 */
export async function findProgram(name: string, project: string): Promise<Program> {
  if (isAbsolute(name) || !(name.includes('/') || name.includes(sep))) return { file: name };
  const path = relative(project, resolve(project, name));
  if (isOutside(path)) throw outside(name, project);
  const file = join(project, path);
  try {
    if (isOutside(relative(await realpath(project), await realpath(file)))) throw outside(name, project);
    if (!(await stat(file)).isFile()) throw new PermanentFailure(`${name} is no file in ${project}`);
    const sha256 = createHash('sha256')
      .update(await readFile(file))
      .digest('hex');
    return { file, script: { path: path.split(sep).join('/'), sha256 } };
  } catch (error) {
    if (error instanceof PermanentFailure) throw error;
    throw new PermanentFailure(`The script ${name} cannot be read in ${project}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function isOutside(path: string): boolean {
  return path === '' || path === '..' || path.startsWith(`..${sep}`) || isAbsolute(path);
}

function outside(name: string, project: string): PermanentFailure {
  return new PermanentFailure(
    `${name} lies outside the project (${project}). A program elsewhere is named by its whole path, or found by PATH`,
  );
}
