// The Journal on one SQLite file, for one machine. Wires the parts of this folder together and does nothing itself.
import type { Draft, RunEvent } from '../../run/events.ts';
import type { BlobWriter } from '../blob-writer.ts';
import type {
  AppendRequest,
  Fence,
  LeaseHolder,
  LeaseInfo,
  Redactor,
  RedactRequest,
  RestoredRun,
  RunRow,
  Store,
  StoredEvent,
  StoredPart,
  StoreFacts,
  Verification,
} from '../journal.ts';
import { selectEvents, selectHeadAndLast } from '../queries/events.ts';
import { runRow, selectRuns } from '../queries/runs.ts';
import { type ReadRange, readPaged } from '../read-paged.ts';
import { closedError, unknownRunError } from '../refusals.ts';
import { eventOf } from '../row.ts';
import { createSaltSource } from '../salt.ts';
import type { EventsTable } from '../schema.ts';
import { chainLinks, verifyRows } from '../verify.ts';
import { Appender } from './append.ts';
import { readParts, removeRun, restoreRun } from './archive.ts';
import { getBlob, openBlob, putBlob, readBlob } from './blobs.ts';
import type { SqliteConnection } from './connection.ts';
import { createRun, type NewRun } from './create.ts';
import { storeFacts } from './facts.ts';
import { acquireLease, readLease, releaseLease, renewLease } from './leases.ts';
import { compactFile, redactEvents } from './redact.ts';
import { Watchers } from './watch.ts';

export interface SqliteJournalParts {
  readonly connection: SqliteConnection;
  readonly redactor: Redactor;
  readonly clock: { now(): number };
}

export class SqliteJournal implements Store {
  readonly #connection: SqliteConnection;
  readonly #redactor: Redactor;
  readonly #now: () => number;
  readonly #salt = createSaltSource();
  readonly #appender: Appender;
  readonly #watchers: Watchers;
  #isClosed = false;

  constructor({ connection, redactor, clock }: SqliteJournalParts) {
    this.#connection = connection;
    this.#redactor = redactor;
    this.#now = () => clock.now();
    this.#watchers = new Watchers(connection);
    this.#appender = new Appender({
      connection,
      redactor,
      clock,
      salt: this.#salt,
      // The holder knows of its own events; what others say must reach it at once.
      onAppended: ({ runId, fence }) => this.#watchers.notify(runId, { isUrgent: fence === null }),
    });
  }

  async create(run: NewRun, drafts: readonly Draft[]): Promise<readonly RunEvent[]> {
    return createRun(this.#open(), run, drafts, { redactor: this.#redactor, now: this.#now, salt: this.#salt });
  }

  async append(request: AppendRequest): Promise<readonly RunEvent[]> {
    this.#open();
    return this.#appender.append(request);
  }

  async *read(runId: string, options: { readonly after?: number; readonly limit?: number } = {}) {
    for await (const row of readRows(this.#open(), runId, options)) yield eventOf(row);
  }

  watch(runId: string, onNews: () => void): () => void {
    this.#open();
    return this.#watchers.watch(runId, onNews);
  }

  async acquire(runId: string, holder: LeaseHolder): Promise<Fence> {
    return acquireLease(this.#open(), runId, { ...holder, operator: this.#redactor.text(holder.operator) }, this.#now);
  }

  async renew(runId: string, fence: Fence): Promise<void> {
    renewLease(this.#open(), runId, fence, this.#now);
  }

  async release(runId: string, fence: Fence): Promise<void> {
    releaseLease(this.#open(), runId, fence);
  }

  async lease(runId: string): Promise<LeaseInfo | null> {
    return readLease(this.#open(), runId);
  }

  async putBlob(runId: string, bytes: Uint8Array): Promise<string> {
    return putBlob(this.#open(), { runId, bytes, salt: this.#salt() });
  }

  async getBlob(runId: string, digest: string): Promise<Uint8Array> {
    return getBlob(this.#open(), runId, digest);
  }

  async openBlob(runId: string): Promise<BlobWriter> {
    return openBlob(this.#open(), runId, this.#salt());
  }

  readBlob(runId: string, digest: string): AsyncIterable<Uint8Array> {
    return readBlob(this.#open(), runId, digest);
  }

  async runs(
    filter: { readonly playbook?: string; readonly limit?: number; readonly idPrefix?: string } = {},
  ): Promise<readonly RunRow[]> {
    const connection = this.#open();
    return connection.all(selectRuns(connection.db, filter)).map(runRow);
  }

  async verify(runId: string): Promise<Verification> {
    const connection = this.#open();
    const run = connection.first(selectHeadAndLast(connection.db, runId));
    if (!run) throw unknownRunError(runId);
    const rows = () => chainLinks(readRows(connection, runId, { limit: run.head_seq }));
    return verifyRows(rows, { seq: run.head_seq, hash: run.head_hash, lastSeq: run.last_seq ?? 0 });
  }

  rows(runId: string, options: { readonly after?: number; readonly limit?: number } = {}): AsyncIterable<StoredEvent> {
    return chainLinks(readRows(this.#open(), runId, options));
  }

  blobParts(runId: string): AsyncIterable<StoredPart> {
    return readParts(this.#open(), runId);
  }

  restore(run: RestoredRun, content: () => AsyncIterable<StoredEvent | StoredPart>): Promise<void> {
    this.#appender.flush();
    return restoreRun(this.#open(), run, content);
  }

  async redact(request: RedactRequest): Promise<readonly RunEvent[]> {
    const connection = this.#open();
    this.#appender.flush();
    return redactEvents(connection, request, { redactor: this.#redactor, now: this.#now, salt: this.#salt });
  }

  async remove(runId: string, headSeq: number): Promise<boolean> {
    return removeRun(this.#open(), runId, headSeq, this.#now());
  }

  async compact(): Promise<boolean> {
    const connection = this.#open();
    this.#appender.flush();
    return compactFile(connection);
  }

  async facts(): Promise<StoreFacts> {
    return storeFacts(this.#open());
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#appender.flush();
    this.#isClosed = true;
    this.#watchers.stop();
    this.#connection.close();
  }

  #open(): SqliteConnection {
    if (this.#isClosed) throw closedError();
    return this.#connection;
  }
}

function readRows(
  connection: SqliteConnection,
  runId: string,
  options?: ReadRange,
): AsyncGenerator<EventsTable, void, undefined> {
  return readPaged((after, size) => connection.all(selectEvents(connection.db, runId, after, size)), options);
}
