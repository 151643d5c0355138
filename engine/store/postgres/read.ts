// Reading a run's events in pages: each page is one statement and so one snapshot, and between pages others may write.
import { selectEvents } from '../queries/events.ts';
import type { EventsTable } from '../schema.ts';
import type { PostgresConnection } from './connection.ts';

const PAGE_EVENTS = 500;

export async function* readRows(
  connection: PostgresConnection,
  runId: string,
  options: { readonly after?: number; readonly limit?: number } = {},
): AsyncGenerator<EventsTable, void, undefined> {
  let after = options.after ?? 0;
  let left = options.limit ?? Number.POSITIVE_INFINITY;
  while (left > 0) {
    const size = Math.min(left, PAGE_EVENTS);
    const page = await connection.all(selectEvents(connection.db, runId, after, size));
    yield* page;
    if (page.length < size) return;
    after = page.at(-1)?.seq ?? after;
    left -= page.length;
  }
}
