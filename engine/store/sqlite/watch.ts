// Tells who watches a run that it may have news. One timer a journal, none while nobody watches.
import { selectHeadSeq } from '../queries/events.ts';
import type { SqliteConnection } from './connection.ts';

/** Source: design, "waiters poll PRAGMA data_version": a microsecond each. */
const POLL_MS = 200;

interface Watcher {
  readonly runId: string;
  readonly onNews: () => void;
  /** The head when it was last called. */
  seenSeq: number;
  isCalled: boolean;
}

export class Watchers {
  readonly #connection: SqliteConnection;
  readonly #watchers = new Set<Watcher>();
  /** Runs this journal appended to since the last tick: its own commits do not change its data_version. */
  readonly #touched = new Set<string>();
  #timer: NodeJS.Timeout | null = null;
  #dataVersion = 0;

  constructor(connection: SqliteConnection) {
    this.#connection = connection;
  }

  watch(runId: string, onNews: () => void): () => void {
    const watcher: Watcher = { runId, onNews, seenSeq: this.#headSeq(runId), isCalled: false };
    this.#watchers.add(watcher);
    if (this.#timer === null) {
      this.#dataVersion = this.#connection.dataVersion();
      this.#timer = setInterval(() => this.#tick(), POLL_MS).unref();
    }
    return () => {
      this.#watchers.delete(watcher);
      if (this.#watchers.size === 0) this.stop();
    };
  }

  /** @param isUrgent call back at once, not at the next tick. */
  notify(runId: string, { isUrgent }: { readonly isUrgent: boolean }): void {
    if (this.#watchers.size === 0) return;
    if (!isUrgent) {
      this.#touched.add(runId);
      return;
    }
    for (const watcher of this.#watchers) if (watcher.runId === runId) this.#call(watcher);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#watchers.clear();
    this.#touched.clear();
  }

  #tick(): void {
    try {
      const version = this.#connection.dataVersion();
      const isForeign = version !== this.#dataVersion;
      for (const watcher of this.#watchers) {
        if (!isForeign && !this.#touched.has(watcher.runId)) continue;
        const head = this.#headSeq(watcher.runId);
        if (head !== watcher.seenSeq) this.#call(watcher, head);
      }
      // Only now: a failed look (the file is locked) is made again at the next tick.
      this.#dataVersion = version;
      this.#touched.clear();
    } catch {
      // Watching is a hint; whoever appends or reads gets the error itself.
    }
  }

  #call(watcher: Watcher, head = this.#headSeq(watcher.runId)): void {
    watcher.seenSeq = head;
    if (watcher.isCalled) return;
    watcher.isCalled = true;
    setImmediate(() => {
      watcher.isCalled = false;
      if (this.#watchers.has(watcher)) watcher.onNews();
    });
  }

  #headSeq(runId: string): number {
    return this.#connection.first(selectHeadSeq(this.#connection.db, runId))?.head_seq ?? 0;
  }
}
