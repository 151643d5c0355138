// The Journal on a PostgreSQL database, for a team. Wires the parts of this folder together and does nothing itself.
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
import type { StoreClock } from './clock.ts';
import type { PostgresConnection } from './connection.ts';
import { createRun, type NewRun } from './create.ts';
import { storeFacts } from './facts.ts';
import { acquireLease, readLease, releaseLease, renewLease } from './leases.ts';
import { compactTables, redactEvents } from './redact.ts';
import { Watchers } from './watch.ts';

export interface PostgresJournalParts {
  readonly connection: PostgresConnection;
  readonly redactor: Redactor;
  readonly clock: StoreClock;
}

export class PostgresJournal implements Store {
  readonly #connection: PostgresConnection;
  readonly #redactor: Redactor;
  readonly #clock: StoreClock;
  readonly #salt = createSaltSource();
  readonly #appender: Appender;
  readonly #watchers: Watchers;
  /** The last event of each run that was given out: where its watchers begin. */
  readonly #seen = new Map<string, number>();
  #isClosed = false;

  constructor({ connection, redactor, clock }: PostgresJournalParts) {
    this.#connection = connection;
    this.#redactor = redactor;
    this.#clock = clock;
    this.#watchers = new Watchers(connection);
    this.#appender = new Appender({
      connection,
      redactor,
      clock,
      salt: this.#salt,
      onAppended: ({ runId }, events) => {
        const last = this.#note(runId, events);
        if (last !== undefined) this.#watchers.heard(runId, last);
      },
    });
  }

  async create(run: NewRun, drafts: readonly Draft[]): Promise<readonly RunEvent[]> {
    const context = { redactor: this.#redactor, clock: this.#clock, salt: this.#salt };
    const events = await createRun(this.#open(), run, drafts, context);
    this.#note(run.id, events);
    return events;
  }

  async append(request: AppendRequest): Promise<readonly RunEvent[]> {
    this.#open();
    return this.#appender.append(request);
  }

  async *read(runId: string, options: { readonly after?: number; readonly limit?: number } = {}) {
    for await (const row of readRows(this.#open(), runId, options)) {
      const event = eventOf(row);
      this.#note(runId, [event]);
      yield event;
    }
  }

  watch(runId: string, onNews: () => void): () => void {
    this.#open();
    return this.#watchers.watch(runId, this.#seen.get(runId) ?? 0, onNews);
  }

  async acquire(runId: string, holder: LeaseHolder): Promise<Fence> {
    const redacted = { ...holder, operator: this.#redactor.text(holder.operator) };
    return acquireLease(this.#open(), runId, redacted, this.#clock);
  }

  async renew(runId: string, fence: Fence): Promise<void> {
    await renewLease(this.#open(), runId, fence, this.#clock);
  }

  async release(runId: string, fence: Fence): Promise<void> {
    await releaseLease(this.#open(), runId, fence);
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
    return (await connection.all(selectRuns(connection.db, filter))).map(runRow);
  }

  async verify(runId: string): Promise<Verification> {
    const connection = this.#open();
    const run = await connection.first(selectHeadAndLast(connection.db, runId));
    if (!run) throw unknownRunError(runId);
    const rows = () => chainLinks(readRows(connection, runId, { limit: run.head_seq }));
    return verifyRows(rows, { seq: run.head_seq, hash: run.head_hash, lastSeq: run.last_seq ?? 0 });
  }

  async *rows(
    runId: string,
    options: { readonly after?: number; readonly limit?: number } = {},
  ): AsyncGenerator<StoredEvent, void, undefined> {
    yield* chainLinks(readRows(this.#open(), runId, options));
  }

  async *blobParts(runId: string): AsyncGenerator<StoredPart, void, undefined> {
    yield* readParts(this.#open(), runId);
  }

  async restore(run: RestoredRun, content: () => AsyncIterable<StoredEvent | StoredPart>): Promise<void> {
    await restoreRun(this.#open(), run, content);
  }

  async redact(request: RedactRequest): Promise<readonly RunEvent[]> {
    const context = { redactor: this.#redactor, clock: this.#clock, salt: this.#salt };
    return redactEvents(this.#open(), request, context);
  }

  async remove(runId: string, headSeq: number): Promise<boolean> {
    return removeRun(this.#open(), { runId, headSeq }, this.#clock);
  }

  async compact(): Promise<boolean> {
    return compactTables(this.#open());
  }

  async facts(): Promise<StoreFacts> {
    return storeFacts(this.#open());
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#appender.drain();
    this.#watchers.stop();
    await this.#connection.close();
  }

  #note(runId: string, events: readonly RunEvent[]): number | undefined {
    const last = events.at(-1)?.seq;
    if (last !== undefined && last > (this.#seen.get(runId) ?? 0)) this.#seen.set(runId, last);
    return last;
  }

  #open(): PostgresConnection {
    if (this.#isClosed) throw closedError();
    return this.#connection;
  }
}

function readRows(
  connection: PostgresConnection,
  runId: string,
  options?: ReadRange,
): AsyncGenerator<EventsTable, void, undefined> {
  return readPaged((after, size) => connection.all(selectEvents(connection.db, runId, after, size)), options);
}
