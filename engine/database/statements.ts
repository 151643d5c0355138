// Statements that would end or alter the transaction they stand in: after a COMMIT nobody would keep the database from writing.
// They are recognised by their first word; what hides behind it, the database's own read-only mode refuses. Pure.
import { RunbookError } from '../errors.ts';
import type { Driver, Mode } from './session.ts';

/** Of transactions and of the session, in the three dialects. */
const CONTROL: ReadonlySet<string> = new Set([
  ...['abort', 'begin', 'commit', 'end', 'release', 'rollback', 'savepoint', 'start', 'xa'],
  ...['deallocate', 'discard', 'execute', 'prepare', 'reset', 'set', 'use'],
  ...['attach', 'detach', 'lock', 'unlock', 'vacuum'],
]);
/** What a procedure does is not seen, and it may commit. */
const CALLS: ReadonlySet<string> = new Set(['call', 'do']);
/** MySQL 8.4 Reference Manual, 15.3.3, "Statements That Cause an Implicit Commit". */
const COMMITS_IN_MYSQL: ReadonlySet<string> = new Set([
  ...['alter', 'analyze', 'cache', 'change', 'check', 'create', 'drop', 'flush', 'grant', 'import', 'install'],
  ...['optimize', 'rename', 'repair', 'revoke', 'stop', 'truncate', 'uninstall', 'load'],
]);

/** @throws E_DB_CONTROL */
export function assertNoControl(
  sql: string,
  { dialect, mode }: { readonly dialect: Driver['dialect']; readonly mode: Mode },
): void {
  const word = firstWord(sql, dialect);
  const isRefused =
    word === undefined ||
    CONTROL.has(word) ||
    (mode === 'read' && CALLS.has(word)) ||
    // In a transaction that only reads the database refuses them itself.
    (mode === 'write' && dialect === 'mysql' && (COMMITS_IN_MYSQL.has(word) || word === 'call'));
  if (!isRefused) return;
  throw new RunbookError({
    code: 'E_DB_CONTROL',
    message:
      word === undefined
        ? 'A statement begins with a comment that the server would execute'
        : `\`${word.toUpperCase()}\` was not sent: the transaction it would end, leave or alter is the engine's`,
    hint: 'The callback of db.read and db.write is one transaction: it is committed when it resolves, rolled back when it throws',
  });
}

/** In small letters; '' where there is none; undefined for MySQL's comments that are executed (a slash, a star and `!`). */
function firstWord(sql: string, dialect: Driver['dialect']): string | undefined {
  let rest = sql;
  for (;;) {
    rest = rest.replace(/^[\s(;]+/, '');
    if (rest.startsWith('--') || (dialect === 'mysql' && rest.startsWith('#'))) rest = rest.replace(/^[^\n]*\n?/, '');
    else if (dialect === 'mysql' && /^\/\*M?!/.test(rest)) return undefined;
    else if (rest.startsWith('/*')) rest = afterComment(rest, dialect === 'postgres');
    else break;
  }
  return (/^[A-Za-z_]+/.exec(rest)?.[0] ?? '').toLowerCase();
}

/** PostgreSQL nests comments; one that does not end ends the text. */
function afterComment(text: string, isNested: boolean): string {
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    if (text.startsWith('/*', at) && (depth === 0 || isNested)) {
      depth += 1;
      at += 1;
    } else if (text.startsWith('*/', at)) {
      depth -= 1;
      at += 1;
      if (depth === 0) return text.slice(at + 1);
    }
  }
  return '';
}
