// Files that `init` and `new` write for a person to go on from. Nothing that exists is ever overwritten.
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { messageOf, RunbookError } from '../../errors.ts';
import { makeFolder } from '../../make-folder.ts';
import { packageRoot } from '../resources.ts';

/** A file of the package's templates folder, with `__NAME__`s replaced. */
export function templateText(path: string, values: { readonly [name: string]: string } = {}): string {
  const text = readFileSync(join(packageRoot(), 'templates', path), 'utf8');
  return text.replace(/__([A-Z]+)__/g, (whole, name: string) => values[name] ?? whole);
}

/**
 * @returns false where there is such a file already: it is left as it is.
 * @throws E_FILE_NOT_WRITTEN
 */
export function writeNewFile(path: string, text: string): boolean {
  try {
    makeFolder(dirname(path));
    writeFileSync(path, text, { flag: 'wx' });
    return true;
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') return false;
    throw new RunbookError({
      code: 'E_FILE_NOT_WRITTEN',
      message: `Cannot write ${path}: ${messageOf(cause)}`,
      hint: 'Go to a folder you may write to',
      cause,
    });
  }
}
