// Tells who watches a run that it may have news: by the server's notifications, over a connection of their own, and by a
// slow poll for whatever those miss (a connection lost in silence, a pooler that hands no notifications on).
import type pg from 'pg';
import type { PostgresConnection } from './connection.ts';
import { NEWS_CHANNEL, selectHeadSeqs } from './queries.ts';

/** How often the connection is made anew, and heads are read, while there are no notifications. */
const TICK_MS = 1_000;
/** Reading heads while notifications come: every so many ticks. */
const TICKS_PER_POLL = 5;

interface Watcher {
  readonly runId: string;
  readonly onNews: () => void;
  /** The last event that this process has, or that it was told of. */
  seenSeq: number;
  isCalled: boolean;
}

export class Watchers {
  readonly #connection: PostgresConnection;
  readonly #watchers = new Set<Watcher>();
  #timer: NodeJS.Timeout | null = null;
  #ticks = 0;
  /** Connected or about to be. */
  #listener: pg.Client | null = null;
  /** Notifications come: polling slowly is enough. */
  #isListening = false;
  #isPolling = false;

  constructor(connection: PostgresConnection) {
    this.#connection = connection;
  }

  /** @param seenSeq the last event of the run that was read from this journal. */
  watch(runId: string, seenSeq: number, onNews: () => void): () => void {
    const watcher: Watcher = { runId, onNews, seenSeq, isCalled: false };
    this.#watchers.add(watcher);
    if (this.#timer === null) {
      this.#timer = setInterval(() => this.#tick(), TICK_MS).unref();
      this.#listen();
    } else void this.#poll();
    return () => {
      this.#watchers.delete(watcher);
      if (this.#watchers.size === 0) this.stop();
    };
  }

  /** The run has an event of this number. */
  heard(runId: string, seq: number): void {
    for (const watcher of this.#watchers) {
      if (watcher.runId === runId && seq > watcher.seenSeq) this.#call(watcher, seq);
    }
  }

  /** Nobody waits for the connection's end: one that is being made may take its time. */
  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#watchers.clear();
    const listener = this.#listener;
    this.#forget(listener);
    listener?.end().catch(() => undefined);
  }

  #tick(): void {
    this.#ticks += 1;
    if (this.#listener === null) this.#listen();
    if (!this.#isListening || this.#ticks % TICKS_PER_POLL === 0) void this.#poll();
  }

  /** Failures are no news: the next tick tries again, and polls meanwhile. */
  #listen(): void {
    const listener = this.#connection.listener();
    this.#listener = listener;
    const lost = (): void => {
      this.#forget(listener);
      listener.end().catch(() => undefined);
    };
    listener.on('error', lost);
    listener.on('end', () => this.#forget(listener));
    listener.on('notification', ({ payload }) => {
      this.#isListening = this.#listener === listener;
      const [seq = '', runId = ''] = payload?.split(/ (.*)/s) ?? [];
      this.heard(runId, Number(seq));
    });
    void (async () => {
      await listener.connect();
      await listener.query(`listen ${NEWS_CHANNEL}`);
      // Poolers say yes and hand nothing on: only a notice that came proves that they do come. This one is about no run.
      await listener.query(`notify ${NEWS_CHANNEL}, '0 '`);
      // What was committed before the server listened for us.
      await this.#poll();
    })().catch(lost);
  }

  #forget(listener: pg.Client | null): void {
    if (this.#listener !== listener) return;
    this.#listener = null;
    this.#isListening = false;
  }

  async #poll(): Promise<void> {
    const runIds = [...new Set([...this.#watchers].map(({ runId }) => runId))];
    if (this.#isPolling || runIds.length === 0) return;
    this.#isPolling = true;
    try {
      const heads = await this.#connection.tryAll(selectHeadSeqs(this.#connection.db, runIds));
      for (const { id, head_seq } of heads) this.heard(id, head_seq);
    } catch {
      // Watching is a hint; whoever appends or reads gets the error itself.
    } finally {
      this.#isPolling = false;
    }
  }

  #call(watcher: Watcher, seq: number): void {
    watcher.seenSeq = seq;
    if (watcher.isCalled) return;
    watcher.isCalled = true;
    setImmediate(() => {
      watcher.isCalled = false;
      if (this.#watchers.has(watcher)) watcher.onNews();
    });
  }
}
