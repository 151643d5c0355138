// The file of a SQLite store: private from its first byte.
import { closeSync, existsSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { messageOf, RunbookError } from '../../errors.ts';
import { makeFolder } from '../../make-folder.ts';

/**
 * Makes the file (0600) and its folder (0700) where they are absent. SQLite gives -wal and -shm the file's mode.
 * One that exists keeps its mode: whoever changed it meant it.
 */
export function ensureStoreFile(file: string): void {
  try {
    makeFolder(dirname(file), 0o700);
    if (!existsSync(file)) closeSync(openSync(file, 'a', 0o600));
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    throw new RunbookError({
      code:
        code === 'ENOSPC'
          ? 'E_STORE_FULL'
          : code === 'EROFS' || code === 'EACCES'
            ? 'E_STORE_READONLY'
            : 'E_STORE_UNREADABLE',
      message: `The store ${file} cannot be made: ${messageOf(cause)}`,
      hint: 'Name a file in a folder you may write with RUNBOOK_STORE',
      cause,
    });
  }
}

/** @throws E_STORE_MISSING */
export function requireStoreFile(file: string): void {
  if (existsSync(file)) return;
  throw new RunbookError({
    code: 'E_STORE_MISSING',
    message: `There is no store ${file} yet`,
    hint: 'The first runbook run makes it',
  });
}
