// Whole runs between rows and what an export holds, the same for every database.
import type { RestoredRun, StoredEvent, StoredPart } from './journal.ts';
import type { BlobsTable, EventsTable, RunsTable } from './schema.ts';

export function isPart(one: StoredEvent | StoredPart): one is StoredPart {
  return 'part' in one;
}

export function eventRow({ runId, ...event }: StoredEvent): EventsTable {
  return { run_id: runId, ...event };
}

export function partRow(runId: string, { name, part, salt, data }: StoredPart): BlobsTable {
  return { run_id: runId, digest: name, part, salt, data };
}

export function storedPart(row: Omit<BlobsTable, 'run_id'>): StoredPart {
  return { name: row.digest, part: row.part, salt: row.salt, data: row.data };
}

/** Nobody has held it in this store. */
export function restoredRow(run: RestoredRun): RunsTable {
  return {
    id: run.id,
    playbook: run.playbook,
    created_at: run.createdAt,
    is_drill: run.isDrill ? 1 : 0,
    status: run.status,
    head_seq: run.headSeq,
    head_hash: run.headHash,
    lease_token: 0,
  };
}
