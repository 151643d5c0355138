// Making a run: its row and its first events, or neither.
import type { Draft, RunEvent } from '../../run/events.ts';
import { GENESIS_HASH } from '../chain.ts';
import type { Redactor } from '../journal.ts';
import { insertRun } from '../queries/runs.ts';
import { runExistsError } from '../refusals.ts';
import { eventOf, placeDraft, prepareDraft } from '../row.ts';
import type { SaltSource } from '../salt.ts';
import type { EventsTable } from '../schema.ts';
import type { StoreClock } from './clock.ts';
import type { PostgresConnection } from './connection.ts';
import { insertEvents, selectEventHash } from './queries.ts';

export interface NewRun {
  readonly id: string;
  readonly playbook: string;
  readonly isDrill: boolean;
}

/** Durable when it returns. @throws E_RUN_EXISTS */
export function createRun(
  connection: PostgresConnection,
  run: NewRun,
  drafts: readonly Draft[],
  context: { readonly redactor: Redactor; readonly clock: StoreClock; readonly salt: SaltSource },
): Promise<readonly RunEvent[]> {
  const { db } = connection;
  const prepared = drafts.map((draft) => prepareDraft(draft, context.redactor, context.salt()));
  /** What an earlier try may have committed before the connection was lost. */
  let tried: readonly EventsTable[] | null = null;
  return connection.write(async (transaction) => {
    const at = new Date(await context.clock(transaction)).toISOString();
    let head = { seq: 0, hash: GENESIS_HASH };
    const rows = prepared.map((draft) => {
      const row = placeDraft(draft, run.id, at, head);
      head = row;
      return row;
    });
    const row = {
      id: run.id,
      playbook: run.playbook,
      created_at: at,
      is_drill: run.isDrill ? 1 : 0,
      status: 'running',
      head_seq: head.seq,
      head_hash: head.hash,
      lease_token: 0,
    };
    // Waits for another transaction that is making the same run.
    const inserted = await transaction.run(insertRun(db, row).onConflict((conflict) => conflict.doNothing()));
    if (inserted === 0) {
      const first = tried?.[0];
      const stored = first && (await transaction.first(selectEventHash(db, run.id, first.seq)));
      if (tried === null || stored?.hash !== first?.hash) throw runExistsError(run.id);
      return tried.map(eventOf);
    }
    tried = rows;
    if (rows.length > 0) transaction.send(insertEvents(db, rows));
    return rows.map(eventOf);
  });
}
