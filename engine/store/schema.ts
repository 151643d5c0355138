// The tables as Kysely sees them, the same for every database. Times are ISO 8601 text, UTC, milliseconds: they sort
// as text. `data` is text, never a JSON column: the chain covers its exact bytes.

export interface RunsTable {
  id: string;
  playbook: string;
  created_at: string;
  is_drill: number;
  status: string;
  head_seq: number;
  head_hash: string;
  /** The last fencing token given for this run; it outlives the lease. */
  lease_token: number;
}

export interface EventsTable {
  run_id: string;
  seq: number;
  at: string;
  actor: string;
  type: string;
  v: number;
  step: string | null;
  data: string;
  salt: string;
  digest: string;
  hash: string;
}

export interface LeasesTable {
  run_id: string;
  holder: string;
  token: number;
  operator: string;
  host: string;
  pid: number;
  /** The three say whether the holder still lives, to a process of the same machine; null where that is unknown. */
  process_start: string | null;
  boot_id: string | null;
  pid_namespace: string | null;
  acquired_at: string;
  renewed_at: string;
  expires_at: string;
}

export interface BlobsTable {
  run_id: string;
  /** The blob's name: see blob.ts. */
  digest: string;
  part: number;
  /** What the name was salted with, in part 0 only. */
  salt: string | null;
  data: Uint8Array;
}

/** One row: what a program must know to use this store. */
export interface StoreTable {
  id: number;
  schema: number;
  /** The oldest runbook version that understands `schema`: what an older one tells the person to install. */
  needs: string;
}

export interface StoreSchema {
  runs: RunsTable;
  events: EventsTable;
  leases: LeasesTable;
  blobs: BlobsTable;
  store: StoreTable;
}
