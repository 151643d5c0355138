// What an action's code was when a run used it: a digest of its source file.
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { type ActionFile, findActionFiles } from './action-files.ts';

/** Of the file's text: sha256, hexadecimal. */
export function digestOf({ text }: Pick<ActionFile, 'text'>): string {
  return createHash('sha256').update(text).digest('hex');
}

/** The built-in actions' files, by name: as they run, so JavaScript in a package. Read at the first call. */
export function builtInActionFiles(): (name: string) => ActionFile | undefined {
  let files: ReadonlyMap<string, ActionFile> | null = null;
  return (name) => {
    files ??= new Map(
      findActionFiles(fileURLToPath(new URL('../../../actions/', import.meta.url))).flatMap((file) =>
        file.names.map((one) => [one, file] as const),
      ),
    );
    return files.get(name);
  };
}
