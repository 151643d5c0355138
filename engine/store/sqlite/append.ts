// Appending, the hot path: every call of one turn of the event loop shares one transaction and so one fsync.
import { RunbookError } from '../../errors.ts';
import { RELAXED_EVENTS } from '../../run/event-rules.ts';
import type { RunEvent } from '../../run/events.ts';
import type { AppendRequest, Redactor } from '../journal.ts';
import { isHeldBy, lostError } from '../lease.ts';
import { insertEvent, selectEvents, selectHead, updateHead } from '../queries/events.ts';
import { needsLeaseError, unknownRunError } from '../refusals.ts';
import { eventOf, placeDraft, prepareDraft } from '../row.ts';
import type { SaltSource } from '../salt.ts';
import type { EventsTable } from '../schema.ts';
import type { Reach, SqliteConnection } from './connection.ts';
import { isDatabaseFailure } from './errors.ts';
import { prepareTemplate } from './template.ts';

const EVENT_COLUMNS = ['run_id', 'seq', 'at', 'actor', 'type', 'v', 'step', 'data', 'salt', 'digest', 'hash'] as const;

interface Queued {
  readonly request: AppendRequest;
  readonly resolve: (events: readonly RunEvent[]) => void;
  readonly reject: (reason: unknown) => void;
}

/** A run as the transaction under way sees it, so that calls of one batch build on one another. */
interface OpenRun {
  seq: number;
  hash: string;
  status: string;
  readonly lease: { readonly holder: string; readonly token: number } | null;
  /** What this batch appended so far: the run's last events. */
  readonly tail: RunEvent[];
  isChanged: boolean;
}

type Outcome = { readonly events: readonly RunEvent[] } | { readonly error: unknown };

export interface AppenderOptions {
  readonly connection: SqliteConnection;
  readonly redactor: Redactor;
  readonly clock: { now(): number };
  readonly salt: SaltSource;
  /** Told of each call that wrote something, after it is durable. */
  readonly onAppended: (request: AppendRequest) => void;
}

export class Appender {
  readonly #connection: SqliteConnection;
  readonly #redactor: Redactor;
  readonly #clock: { now(): number };
  readonly #salt: SaltSource;
  readonly #onAppended: (request: AppendRequest) => void;
  readonly #statements: ReturnType<typeof prepareStatements>;
  #queue: Queued[] = [];

  constructor(options: AppenderOptions) {
    this.#connection = options.connection;
    this.#redactor = options.redactor;
    this.#clock = options.clock;
    this.#salt = options.salt;
    this.#onAppended = options.onAppended;
    this.#statements = prepareStatements(options.connection);
  }

  append(request: AppendRequest): Promise<readonly RunEvent[]> {
    return new Promise((resolve, reject) => {
      // setImmediate: after everything the event loop has ready, so that all of it shares the commit.
      if (this.#queue.length === 0) setImmediate(() => this.flush());
      this.#queue.push({ request, resolve, reject });
    });
  }

  /** Commits what is queued; durable, and told to the callers, when it returns. */
  flush(): void {
    const batch = this.#queue;
    if (batch.length === 0) return;
    this.#queue = [];
    let outcomes: readonly Outcome[];
    try {
      outcomes = this.#connection.write(() => this.#appendAll(batch), reachOf(batch));
    } catch (error) {
      for (const { reject } of batch) reject(error);
      return;
    }
    batch.forEach(({ request, resolve, reject }, index) => {
      const outcome = outcomes[index];
      if (outcome === undefined || 'error' in outcome) {
        reject(outcome?.error);
        return;
      }
      resolve(outcome.events);
      if (request.drafts.length > 0) this.#onAppended(request);
    });
  }

  #appendAll(batch: readonly Queued[]): Outcome[] {
    const runs = new Map<string, OpenRun>();
    const outcomes = batch.map(({ request }): Outcome => {
      // A throw here is this call's alone: all that can be refused is looked at before anything is written.
      let ready: { run: OpenRun; since: readonly RunEvent[]; rows: readonly EventsTable[] };
      try {
        ready = this.#prepare(request, runs);
      } catch (error) {
        if (isDatabaseFailure(error)) throw error;
        return { error };
      }
      const { run, since, rows } = ready;
      const own = rows.map((row) => this.#insert(run, row));
      if (request.status !== undefined && request.status !== run.status) {
        run.status = request.status;
        run.isChanged = true;
      }
      return { events: [...since, ...own] };
    });
    for (const [runId, run] of runs) {
      if (run.isChanged) this.#statements.updateHead(runId, run);
    }
    return outcomes;
  }

  #prepare(request: AppendRequest, runs: Map<string, OpenRun>) {
    const { runId, fence, drafts } = request;
    const run = runs.get(runId) ?? this.#statements.openRun(runId);
    runs.set(runId, run);
    if (fence !== null && !isHeldBy(run.lease, fence)) throw lostError(runId);
    if (fence === null) {
      for (const draft of drafts) {
        const refusal = needsLeaseError(runId, draft);
        if (refusal) throw refusal;
      }
    }
    const since = this.#eventsSince(request, run);
    request.check?.(since);
    const at = new Date(this.#clock.now()).toISOString();
    let last: { readonly seq: number; readonly hash: string } = run;
    const rows = drafts.map((draft) => {
      const row = placeDraft(prepareDraft(draft, this.#redactor, this.#salt()), runId, at, last);
      last = row;
      return row;
    });
    return { run, since, rows };
  }

  #insert(run: OpenRun, row: EventsTable): RunEvent {
    this.#statements.insertEvent(row);
    const event = eventOf(row);
    run.seq = row.seq;
    run.hash = row.hash;
    run.tail.push(event);
    run.isChanged = true;
    return event;
  }

  #eventsSince({ runId, since }: AppendRequest, run: OpenRun): RunEvent[] {
    if (since > run.seq) {
      throw new RunbookError({
        code: 'E_STORE_BEHIND',
        message: `Run ${runId} ends at event ${run.seq} in the store, but event ${since} was read from it before`,
        hint: `Events were lost: was an older copy of the store put back? runbook verify ${runId}`,
      });
    }
    const stored = run.seq - run.tail.length;
    const foreign = since < stored ? this.#statements.eventsBetween(runId, since, stored) : [];
    return [...foreign, ...run.tail.slice(Math.max(0, since - stored))];
  }
}

/** A batch waits for the disk where any of its facts must. */
function reachOf(batch: readonly Queued[]): Reach {
  const isRelaxed = batch.every(({ request }) => request.drafts.every((draft) => RELAXED_EVENTS.has(draft.type)));
  return isRelaxed ? 'process' : 'disk';
}

function prepareStatements(connection: SqliteConnection) {
  const { db } = connection;
  const insert = prepareTemplate<EventsTable>(connection, EVENT_COLUMNS, (row) => insertEvent(db, row));
  const update = prepareTemplate<{ runId: string; head_seq: number; head_hash: string; status: string }>(
    connection,
    ['runId', 'head_seq', 'head_hash', 'status'],
    ({ runId, ...head }) => updateHead(db, runId, head),
  );
  const head = prepareTemplate<{ runId: string }>(connection, ['runId'], ({ runId }) => selectHead(db, runId));
  return {
    insertEvent: (row: EventsTable): void => {
      insert.statement.run(...insert.bind(row));
    },
    updateHead: (runId: string, run: OpenRun): void => {
      update.statement.run(...update.bind({ runId, head_seq: run.seq, head_hash: run.hash, status: run.status }));
    },
    openRun: (runId: string): OpenRun => {
      // Safe: the row of selectHead(), which Kysely typed.
      const row = head.statement.get(...head.bind({ runId })) as HeadRow | undefined;
      if (row === undefined) throw unknownRunError(runId);
      const { holder, token } = row;
      const lease = holder === null || token === null ? null : { holder, token };
      return { seq: row.head_seq, hash: row.head_hash, status: row.status, lease, tail: [], isChanged: false };
    },
    eventsBetween: (runId: string, after: number, last: number): RunEvent[] =>
      connection.all(selectEvents(db, runId, after, last - after)).map(eventOf),
  };
}

interface HeadRow {
  readonly head_seq: number;
  readonly head_hash: string;
  readonly status: string;
  readonly holder: string | null;
  readonly token: number | null;
}
