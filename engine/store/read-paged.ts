// Reading a run's events in pages: each page is one statement and so one snapshot, and between pages others may write.
import type { EventsTable } from './schema.ts';

const PAGE_EVENTS = 500;

export interface ReadRange {
  /** The seq after which to begin; from the first event if absent. */
  readonly after?: number;
  /** How many events at most. */
  readonly limit?: number;
}

/** @param readPage at most `size` events after a seq, in order. */
export async function* readPaged(
  readPage: (after: number, size: number) => readonly EventsTable[] | Promise<readonly EventsTable[]>,
  options: ReadRange = {},
): AsyncGenerator<EventsTable, void, undefined> {
  let after = options.after ?? 0;
  let left = options.limit ?? Number.POSITIVE_INFINITY;
  while (left > 0) {
    const size = Math.min(left, PAGE_EVENTS);
    const page = await readPage(after, size);
    yield* page;
    if (page.length < size) return;
    after = page.at(-1)?.seq ?? after;
    left -= page.length;
  }
}
