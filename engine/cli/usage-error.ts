// What Commander finds wrong, in the form of every other error.
import type { CommanderError } from 'commander';
import { RunbookError } from '../errors.ts';

/** @param command its name; null: no command was recognized. */
export function usageError(error: CommanderError, command: string | null): RunbookError {
  const [first = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const meant = rest.map((line) => line.replace(/^\((.*)\)$/, '$1')).filter((line) => line !== '');
  const help = command === null ? 'runbook --help lists the commands' : `runbook ${command} --help shows how`;
  return new RunbookError({
    code: 'E_USAGE',
    message: first.charAt(0).toUpperCase() + first.slice(1),
    hint: [...meant, help].join(' '),
  });
}
