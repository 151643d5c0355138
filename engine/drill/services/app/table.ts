// The app's user table: a SQLite file beside the world's. It is the app's own memory, so it outlives the process as the
// world's file does; the responders' own processes read and write it too.
import { resolve } from 'node:path';
import Database from 'better-sqlite3';
import type { WorldContext } from '../../context.ts';
import * as view from '../../state/view.ts';
import { appTableFile } from '../../world-files.ts';
import type { TableSpec } from '../spec.ts';
import { orphanRowAt, planTable, type Row, rowOf, staleRowOf } from './table-plan.ts';

const SCHEMA = `
CREATE TABLE users (
  clerk_id TEXT PRIMARY KEY,
  email TEXT,
  first_name TEXT,
  last_name TEXT,
  updated_at INTEGER NOT NULL,
  deleted_at INTEGER
);
CREATE TABLE webhook_events (
  svix_id TEXT PRIMARY KEY,
  type TEXT NOT NULL,
  clerk_id TEXT,
  received_at INTEGER NOT NULL,
  body TEXT NOT NULL
);
CREATE TABLE app_flags (name TEXT PRIMARY KEY, value TEXT NOT NULL);
`;
/** A responder's transaction may hold the file for a while. */
const BUSY_MS = 2000;

export interface StoredRow extends Row {
  readonly deleted_at: number | null;
}

export interface ReceivedEvent {
  /** Absent where the handler took it without a signature. */
  readonly svixId: string | undefined;
  readonly type: string;
  readonly userId: string | undefined;
  readonly at: number;
  readonly body: string;
}

export interface AppTable {
  readonly path: string;
  /** Keeps the event and applies `change` to the table, at once; false where the event was here before. */
  receive(event: ReceivedEvent, change: RowChange | undefined): boolean;
  /** A row of `app_flags`: how responders pause the handler without a deployment. */
  flag(name: string): string | undefined;
  rows(): IterableIterator<StoredRow>;
  /** Differs whenever somebody wrote to the file since it was last asked. */
  version(): string;
  close(): void;
}

export type RowChange =
  | { readonly kind: 'upsert'; readonly row: Row }
  | { readonly kind: 'delete'; readonly id: string; readonly at: number };

export function tablePath(filePrefix: string): string {
  return resolve(appTableFile(filePrefix));
}

/** Opens the table; makes and fills it where it is not there yet, all of it or nothing. */
export function openTable(context: WorldContext, spec: TableSpec): AppTable {
  const path = tablePath(context.filePrefix);
  const db = new Database(path, { timeout: BUSY_MS });
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = OFF'); // It must survive the end of the process, not a power cut.
  if (db.prepare("SELECT 1 FROM sqlite_master WHERE name = 'users'").get() === undefined) {
    db.transaction(() => fill(db, context, spec))();
  }
  const isKnown = db.prepare('SELECT 1 FROM webhook_events WHERE svix_id = ?');
  const keep = db.prepare(
    'INSERT INTO webhook_events (svix_id, type, clerk_id, received_at, body) VALUES (?, ?, ?, ?, ?)',
  );
  const apply = rowWriter(db);
  const flagOf = db.prepare<[string], { value: string }>('SELECT value FROM app_flags WHERE name = ?');
  const all = db.prepare<[], StoredRow>(
    'SELECT clerk_id, email, first_name, last_name, updated_at, deleted_at FROM users',
  );
  let writes = 0;
  const receive = db.transaction((event: ReceivedEvent, change: RowChange | undefined): boolean => {
    if (event.svixId !== undefined) {
      if (isKnown.get(event.svixId) !== undefined) return false;
      keep.run(event.svixId, event.type, event.userId ?? null, event.at, event.body);
    }
    if (change !== undefined) apply(change);
    return true;
  });
  return {
    path,
    receive: (event, change) => {
      writes += 1;
      return receive.immediate(event, change);
    },
    flag: (name) => flagOf.get(name)?.value,
    rows: () => all.iterate(),
    version: () => `${writes}.${String(db.pragma('data_version', { simple: true }))}`,
    close: () => db.close(),
  };
}

/** Never older data over newer, and nothing after a deletion: messages come in no order. */
function rowWriter(db: Database.Database): (change: RowChange) => void {
  const upsert = db.prepare<Row>(`
    INSERT INTO users (clerk_id, email, first_name, last_name, updated_at)
    VALUES (@clerk_id, @email, @first_name, @last_name, @updated_at)
    ON CONFLICT (clerk_id) DO UPDATE SET
      email = excluded.email, first_name = excluded.first_name, last_name = excluded.last_name,
      updated_at = excluded.updated_at
    WHERE users.deleted_at IS NULL AND excluded.updated_at >= users.updated_at`);
  // A deletion that comes before anything else of the user leaves its mark, or a late update would revive them.
  const remove = db.prepare<{ id: string; at: number }>(`
    INSERT INTO users (clerk_id, email, updated_at, deleted_at) VALUES (@id, NULL, @at, @at)
    ON CONFLICT (clerk_id) DO UPDATE SET deleted_at = @at WHERE users.deleted_at IS NULL`);
  return (change) => {
    if (change.kind === 'upsert') upsert.run(change.row);
    else remove.run({ id: change.id, at: change.at });
  };
}

function fill(db: Database.Database, context: WorldContext, spec: TableSpec): void {
  db.exec(SCHEMA);
  if (!spec.rows) return;
  // By way of a table without an index: ids come in no order, and a million of them put one by one into an index that is
  // larger than the cache take ten times as long as sorted.
  db.exec('CREATE TEMP TABLE staging (clerk_id, email, first_name, last_name, updated_at)');
  const insert = db.prepare<Row>(
    'INSERT INTO staging VALUES (@clerk_id, @email, @first_name, @last_name, @updated_at)',
  );
  const plan = planTable(context, spec);
  for (const user of view.presentUsers(context)) {
    if (plan.missing.has(user)) continue;
    insert.run(plan.stale.has(user) ? staleRowOf(context, user) : rowOf(context, user));
  }
  for (const orphan of plan.orphans) insert.run(orphanRowAt(context, orphan));
  db.exec(`
    INSERT INTO users (clerk_id, email, first_name, last_name, updated_at) SELECT * FROM staging ORDER BY clerk_id;
    DROP TABLE staging;`);
}
