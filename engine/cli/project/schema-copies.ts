// Copies of the package's schemas beside a project's runs, for editors: the package itself may lie anywhere.
import { readFileSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { messageOf, RunbookError } from '../../errors.ts';
import { makeFolder } from '../../make-folder.ts';
import { packageRoot } from '../resources.ts';

const NAMES = ['playbook', 'config', 'contacts', 'scenario'] as const;

/** From a project's root. */
export const SCHEMA_FOLDER = '.runbook/schemas';

/** Writes them, over older ones. @throws E_FILE_NOT_WRITTEN */
export function writeSchemaCopies(root: string): void {
  const folder = join(root, SCHEMA_FOLDER);
  try {
    // Runs lie in the folder above, which is private.
    makeFolder(folder, 0o700);
    for (const name of NAMES) {
      const file = `${name}.schema.json`;
      writeFileSync(join(folder, file), readFileSync(join(packageRoot(), 'schemas', file)));
    }
  } catch (cause) {
    throw new RunbookError({
      code: 'E_FILE_NOT_WRITTEN',
      message: `Cannot write ${folder}: ${messageOf(cause)}`,
      hint: 'Go to a folder you may write to',
      cause,
    });
  }
}

/** How a file in `folder` names one: `../.runbook/schemas/playbook.schema.json`. */
export function schemaReference(root: string, folder: string, name: (typeof NAMES)[number]): string {
  const path = relative(folder, join(root, SCHEMA_FOLDER, `${name}.schema.json`)).replaceAll(sep, '/');
  return path.startsWith('../') ? path : `./${path}`;
}
