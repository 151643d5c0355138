// Making a run: its row and its first events, or neither.
import type { Draft, RunEvent } from '../../run/events.ts';
import { GENESIS_HASH } from '../chain.ts';
import type { Redactor } from '../journal.ts';
import { insertEvent } from '../queries/events.ts';
import { insertRun, selectRun } from '../queries/runs.ts';
import { runExistsError } from '../refusals.ts';
import { eventOf, placeDraft, prepareDraft } from '../row.ts';
import type { SaltSource } from '../salt.ts';
import type { SqliteConnection } from './connection.ts';

export interface NewRun {
  readonly id: string;
  readonly playbook: string;
  readonly isDrill: boolean;
}

/** Durable when it returns. @throws E_RUN_EXISTS */
export function createRun(
  connection: SqliteConnection,
  run: NewRun,
  drafts: readonly Draft[],
  context: { readonly redactor: Redactor; readonly now: () => number; readonly salt: SaltSource },
): readonly RunEvent[] {
  const { db } = connection;
  return connection.write(() => {
    if (connection.first(selectRun(db, run.id))) throw runExistsError(run.id);
    const at = new Date(context.now()).toISOString();
    let head = { seq: 0, hash: GENESIS_HASH };
    const rows = drafts.map((draft) => {
      const row = placeDraft(prepareDraft(draft, context.redactor, context.salt()), run.id, at, head);
      head = row;
      return row;
    });
    connection.run(
      insertRun(db, {
        id: run.id,
        playbook: run.playbook,
        created_at: at,
        is_drill: run.isDrill ? 1 : 0,
        status: 'running',
        head_seq: head.seq,
        head_hash: head.hash,
        lease_token: 0,
      }),
    );
    for (const row of rows) connection.run(insertEvent(db, row));
    return rows.map(eventOf);
  });
}
