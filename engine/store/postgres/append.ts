// Appending: while a transaction is on its way to the server, calls gather, and the next transaction takes them all.
import { RunbookError } from '../../errors.ts';
import { RELAXED_EVENTS } from '../../run/event-rules.ts';
import type { RunEvent } from '../../run/events.ts';
import type { AppendRequest, Redactor } from '../journal.ts';
import { isHeldBy, lostError } from '../lease.ts';
import { selectEvents, selectHead, updateHead } from '../queries/events.ts';
import { needsLeaseError, unknownRunError } from '../refusals.ts';
import { eventOf, placeDraft, prepareDraft } from '../row.ts';
import type { SaltSource } from '../salt.ts';
import type { EventsTable } from '../schema.ts';
import type { StoreClock } from './clock.ts';
import type { PostgresConnection, Reach, Transaction } from './connection.ts';
import { insertEvents, lockRuns, notifyNews, selectEventHash } from './queries.ts';

/** One statement takes 65,535 parameters at most; an event has eleven. */
const EVENTS_PER_INSERT = 1_000;

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
  /** Its last events: those stored before, from the oldest that a call of this batch asks for, and this batch's. */
  readonly tail: RunEvent[];
  readonly added: EventsTable[];
  isChanged: boolean;
}

type Outcome = { readonly events: readonly RunEvent[] } | { readonly error: unknown };

/** What an earlier try of the same batch may have committed before the connection was lost. */
interface Attempt {
  readonly first: { readonly run_id: string; readonly seq: number; readonly hash: string };
  readonly outcomes: readonly Outcome[];
}

export interface AppenderOptions {
  readonly connection: PostgresConnection;
  readonly redactor: Redactor;
  readonly clock: StoreClock;
  readonly salt: SaltSource;
  /** Told of each call that was answered, after it is durable. */
  readonly onAppended: (request: AppendRequest, events: readonly RunEvent[]) => void;
}

export class Appender {
  readonly #connection: PostgresConnection;
  readonly #redactor: Redactor;
  readonly #clock: StoreClock;
  readonly #salt: SaltSource;
  readonly #onAppended: AppenderOptions['onAppended'];
  #queue: Queued[] = [];
  #working: Promise<void> | null = null;

  constructor(options: AppenderOptions) {
    this.#connection = options.connection;
    this.#redactor = options.redactor;
    this.#clock = options.clock;
    this.#salt = options.salt;
    this.#onAppended = options.onAppended;
  }

  append(request: AppendRequest): Promise<readonly RunEvent[]> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ request, resolve, reject });
      this.#working ??= this.#work();
    });
  }

  /** Resolves when all that is queued is committed or refused, and the callers were told. */
  async drain(): Promise<void> {
    while (this.#working) await this.#working;
  }

  async #work(): Promise<void> {
    // After everything the event loop has ready, so that all of it shares the commit.
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#queue.length > 0) {
      const batch = this.#queue;
      this.#queue = [];
      await this.#commit(batch);
    }
    // In the same turn as the last look at the queue, or a call in between would wait for ever.
    this.#working = null;
  }

  async #commit(batch: readonly Queued[]): Promise<void> {
    const requests = batch.map(({ request }) => request);
    const attempts: Attempt[] = [];
    let outcomes: readonly Outcome[];
    try {
      outcomes = await this.#connection.write(
        (transaction) => this.#appendAll(transaction, requests, attempts),
        reachOf(requests),
      );
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
      this.#onAppended(request, outcome.events);
    });
  }

  /** @param attempts of this batch so far; this one adds itself before it sends anything. */
  async #appendAll(
    transaction: Transaction,
    requests: readonly AppendRequest[],
    attempts: Attempt[],
  ): Promise<readonly Outcome[]> {
    const [runs, done, now] = await Promise.all([
      this.#openRuns(transaction, requests),
      this.#committed(transaction, attempts),
      this.#clock(transaction),
    ]);
    if (done) return done;
    await this.#readTails(transaction, requests, runs);
    const at = new Date(now).toISOString();
    const outcomes = requests.map((request): Outcome => {
      // A throw here is this call's alone: nothing has been sent.
      try {
        return { events: this.#place(request, runs.get(request.runId), at) };
      } catch (error) {
        return { error };
      }
    });
    const added = [...runs.values()].flatMap((run) => run.added);
    const [first] = added;
    if (first) attempts.push({ first, outcomes });
    this.#write(transaction, runs, added);
    return outcomes;
  }

  /** Locks the runs, then reads their heads: three statements that travel together. */
  async #openRuns(transaction: Transaction, requests: readonly AppendRequest[]): Promise<Map<string, OpenRun>> {
    const { db } = this.#connection;
    const runIds = [...new Set(requests.map(({ runId }) => runId))];
    const [, ...heads] = await Promise.all([
      transaction.all(lockRuns(db, runIds)),
      ...runIds.map((runId) => transaction.first(selectHead(db, runId))),
    ]);
    const runs = new Map<string, OpenRun>();
    runIds.forEach((runId, index) => {
      const head = heads[index];
      if (head === undefined) return;
      const { holder, token } = head;
      const lease = holder === null || token === null ? null : { holder, token };
      runs.set(runId, {
        seq: head.head_seq,
        hash: head.head_hash,
        status: head.status,
        lease,
        tail: [],
        added: [],
        isChanged: false,
      });
    });
    return runs;
  }

  /** The outcomes of the attempt that was committed although its connection was lost, if one was. */
  async #committed(transaction: Transaction, attempts: readonly Attempt[]): Promise<readonly Outcome[] | undefined> {
    const { db } = this.#connection;
    for (const { first, outcomes } of attempts) {
      const stored = await transaction.first(selectEventHash(db, first.run_id, first.seq));
      // The hash covers a salt that was drawn for this attempt alone.
      if (stored?.hash === first.hash) return outcomes;
    }
    return undefined;
  }

  async #readTails(
    transaction: Transaction,
    requests: readonly AppendRequest[],
    runs: ReadonlyMap<string, OpenRun>,
  ): Promise<void> {
    await Promise.all(
      [...runs].map(async ([runId, run]) => {
        const since = Math.min(
          ...requests.filter((request) => request.runId === runId).map((request) => request.since),
        );
        if (since >= run.seq) return;
        const rows = await transaction.all(selectEvents(this.#connection.db, runId, since, run.seq - since));
        for (const row of rows) run.tail.push(eventOf(row));
      }),
    );
  }

  #place(request: AppendRequest, run: OpenRun | undefined, at: string): readonly RunEvent[] {
    const { runId, fence, drafts, since } = request;
    if (run === undefined) throw unknownRunError(runId);
    if (fence !== null && !isHeldBy(run.lease, fence)) throw lostError(runId);
    if (fence === null) {
      for (const draft of drafts) {
        const refusal = needsLeaseError(runId, draft);
        if (refusal) throw refusal;
      }
    }
    if (since > run.seq) throw behindError(runId, run.seq, since);
    const meanwhile = run.tail.slice(run.tail.length - (run.seq - since));
    request.check?.(meanwhile);
    let last: { readonly seq: number; readonly hash: string } = run;
    const rows = drafts.map((draft) => {
      const row = placeDraft(prepareDraft(draft, this.#redactor, this.#salt()), runId, at, last);
      last = row;
      return row;
    });
    const events = rows.map(eventOf);
    run.added.push(...rows);
    run.tail.push(...events);
    run.seq = last.seq;
    run.hash = last.hash;
    if (rows.length > 0) run.isChanged = true;
    if (request.status !== undefined && request.status !== run.status) {
      run.status = request.status;
      run.isChanged = true;
    }
    return [...meanwhile, ...events];
  }

  #write(transaction: Transaction, runs: ReadonlyMap<string, OpenRun>, added: readonly EventsTable[]): void {
    const { db } = this.#connection;
    for (let from = 0; from < added.length; from += EVENTS_PER_INSERT) {
      transaction.send(insertEvents(db, added.slice(from, from + EVENTS_PER_INSERT)));
    }
    for (const [runId, run] of runs) {
      if (!run.isChanged) continue;
      transaction.send(updateHead(db, runId, { head_seq: run.seq, head_hash: run.hash, status: run.status }));
      transaction.send(notifyNews(db, runId, run.seq));
    }
  }
}

/** A batch waits for the disk where any of its facts must. */
function reachOf(requests: readonly AppendRequest[]): Reach {
  const isRelaxed = requests.every(({ drafts }) => drafts.every((draft) => RELAXED_EVENTS.has(draft.type)));
  return isRelaxed ? 'process' : 'disk';
}

function behindError(runId: string, end: number, since: number): RunbookError {
  return new RunbookError({
    code: 'E_STORE_BEHIND',
    message: `Run ${runId} ends at event ${end} in the store, but event ${since} was read from it before`,
    hint: `Events were lost: was an older copy of the store put back? runbook verify ${runId}`,
  });
}
