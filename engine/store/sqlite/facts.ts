// What a SQLite store says of itself.
import { statSync } from 'node:fs';
import type { StoreFacts } from '../journal.ts';
import { countRuns } from '../queries/runs.ts';
import type { SqliteConnection } from './connection.ts';

export function storeFacts(connection: SqliteConnection): StoreFacts {
  const { file, db } = connection;
  const { problems, version } = connection.raw((handle) => {
    // A row a problem, or the one row `ok`; at most 100.
    const rows = handle.pragma('quick_check') as readonly { readonly quick_check: string }[];
    const found = rows.map((row) => row.quick_check).filter((text) => text !== 'ok');
    const mode = String(handle.pragma('journal_mode', { simple: true }));
    if (mode !== 'wal') found.push(`its journal mode is ${mode}, not wal`);
    return { problems: found, version: String(handle.prepare('SELECT sqlite_version()').pluck().get()) };
  });
  return {
    kind: 'sqlite',
    place: file,
    engine: `SQLite ${version}`,
    sizeBytes: sizeOf(file) + sizeOf(`${file}-wal`),
    runs: connection.first(countRuns(db))?.count ?? 0,
    problems,
  };
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
