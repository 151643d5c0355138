// What the engine asks of a store, whichever database is behind it. Knows no playbook and no meaning of an event.

import type { Json } from '../json.ts';
import type { Draft, RunEvent } from '../run/events.ts';
import type { BlobWriter } from './blob-writer.ts';
import type { ChainLink } from './chain.ts';

/** Proof of holding a run's lease: an append with an older token is refused. */
export interface Fence {
  readonly holder: string;
  readonly token: number;
}

export interface LeaseHolder {
  /** Unique per process: host, pid, a random part. */
  readonly id: string;
  readonly host: string;
  readonly pid: number;
  /** What a person reads: who runs it. */
  readonly operator: string;
}
export interface LeaseInfo extends LeaseHolder {
  readonly token: number;
  readonly acquiredAt: string;
  readonly expiresAt: string;
  /** True where the holder is a process of this machine that is known to be gone. */
  readonly isHolderDead: boolean;
}

export interface RunRow {
  readonly id: string;
  readonly playbook: string;
  readonly createdAt: string;
  readonly isDrill: boolean;
  /** Kept by the store for listing; the events are the truth. */
  readonly status: string;
  readonly headSeq: number;
  readonly headHash: string;
}

export interface AppendRequest {
  readonly runId: string;
  /** The last seq the caller has folded; everything after it comes back. */
  readonly since: number;
  /** null: without the lease; only what people say is then accepted. */
  readonly fence: Fence | null;
  readonly drafts: readonly Draft[];
  /**
   * Called inside the write transaction with the events after `since`, before anything is written. A throw refuses
   * the append and rejects with that error. Must be synchronous.
   */
  readonly check?: (sinceThen: readonly RunEvent[]) => void;
  /** The run's status after these events, for listings. */
  readonly status?: string;
}

export interface Journal {
  /**
   * Makes a run and its first events in one transaction; durable when it returns. Its status is `running`.
   * @returns its events, with seq from 1.
   * @throws E_RUN_EXISTS
   */
  create(
    run: { readonly id: string; readonly playbook: string; readonly isDrill: boolean },
    drafts: readonly Draft[],
  ): Promise<readonly RunEvent[]>;
  /**
   * Resolves when durable (RELAXED_EVENTS alone: safe from the end of this process), with every event after `since`, those of other writers included, in order.
   * Calls made in the same turn share one transaction (group commit).
   * A refused call (its check throws, its lease is lost, its data is not JSON) leaves the others' alone.
   * Drafts are redacted here; what comes back is what was stored.
   * @throws E_RUN_UNKNOWN; E_LEASE_LOST where the fence is not the newest; E_STORE_NEEDS_LEASE where a draft needs one
   *   and there is none; E_STORE_NOT_JSON; E_STORE_BEHIND where `since` is past the journal's end (events were lost);
   *   E_STORE_BUSY, E_STORE_FULL, E_STORE_READONLY, E_STORE_CORRUPT, E_STORE_IO from the database: nothing was written.
   */
  append(request: AppendRequest): Promise<readonly RunEvent[]>;
  /** Events after `after`, in order, in pages, so that a long journal needs little memory. */
  read(runId: string, options?: { readonly after?: number; readonly limit?: number }): AsyncIterable<RunEvent>;
  /**
   * Calls back (soon, never concurrently with itself) when this run may have events after those last seen: at once
   * for what people say through this journal, within 200 ms for the lease holder's own events and other processes'.
   * @returns stop.
   */
  watch(runId: string, onNews: () => void): () => void;

  /**
   * Takes the run for 30 s from now, on the store's clock; durable when it returns. Tokens only grow.
   * @throws E_RUN_UNKNOWN; E_RUN_HELD with who holds it since when; a dead or expired holder is replaced.
   */
  acquire(runId: string, holder: LeaseHolder): Promise<Fence>;
  /** 30 s more. One that ran out but that nobody took is renewed. @throws E_LEASE_LOST */
  renew(runId: string, fence: Fence): Promise<void>;
  /** Does nothing where the lease is another's by now. */
  release(runId: string, fence: Fence): Promise<void>;
  lease(runId: string): Promise<LeaseInfo | null>;

  /**
   * Keeps bytes; durable when it returns. @returns their name, 64 hex digits: SHA-256 over a fresh salt of 16 bytes, kept
   * beside them, and the bytes. It tells nothing of them, so the same bytes twice are kept twice, under two names.
   * They are kept as they are: whoever stores text or JSON redacts it first, for a file cannot be redacted unseen.
   * @throws E_RUN_UNKNOWN
   */
  putBlob(runId: string, bytes: Uint8Array): Promise<string>;
  /**
   * The same for bytes that come piece by piece, of any size; for the lease's holder alone. What writers of a process that
   * is gone left behind is taken away when the lease is next taken.
   */
  openBlob(runId: string): Promise<BlobWriter>;
  /** A blob's bytes, at most a part in memory. @throws as getBlob does: E_BLOB_MISSING first, E_BLOB_CORRUPT at the end. */
  readBlob(runId: string, name: string): AsyncIterable<Uint8Array>;
  /** @throws E_BLOB_MISSING; E_BLOB_CORRUPT where bytes or salt are not those it was named for. */
  getBlob(runId: string, name: string): Promise<Uint8Array>;

  /** Newest first. */
  runs(filter?: {
    readonly playbook?: string;
    readonly limit?: number;
    readonly idPrefix?: string;
  }): Promise<readonly RunRow[]>;
  /** Walks the chain. @throws E_RUN_UNKNOWN */
  verify(runId: string): Promise<Verification>;
  /** Writes what is still queued. */
  close(): Promise<void>;
}

export interface Verification {
  /** How many events, from the first, follow from one another. */
  readonly events: number;
  /** The hash of the last of them. */
  readonly head: string;
  /** The seq of the first event that does not. */
  readonly brokenAt?: number;
  /** What is wrong with it, in words. */
  readonly reason?: string;
  /** Events that values were erased from, with a trace (`event.redacted`); absent where there is none. */
  readonly redacted?: readonly number[];
}

/** An event as it is stored: its data as text, with what its digest was salted with. */
export type StoredEvent = ChainLink;

/** One of the parts that a blob lies in. */
export interface StoredPart {
  /** Of the blob. */
  readonly name: string;
  readonly part: number;
  /** The blob's; only its first part holds it. */
  readonly salt: string | null;
  readonly data: Uint8Array;
}

/** A run as it comes from an export. */
export type RestoredRun = RunRow;

export interface RedactRequest {
  readonly runId: string;
  readonly fence: Fence;
  /** The data that takes the place of an event's: JSON text. */
  readonly events: readonly { readonly seq: number; readonly data: string }[];
  /** Names of blobs that no event refers to any more. */
  readonly removedBlobs: readonly string[];
  /** `event.redacted` for each event above. */
  readonly drafts: readonly Draft[];
}

export interface StoreFacts {
  readonly kind: 'sqlite' | 'postgres';
  /** The file, or the address without its password. */
  readonly place: string;
  /** Of the database: `SQLite 3.51.0`. */
  readonly engine: string;
  readonly sizeBytes: number;
  readonly runs: number;
  /** What its own check of itself finds wrong; empty where it is whole. */
  readonly problems: readonly string[];
}

/** What keeping, checking, moving and erasing whole runs asks of a store, beyond what running them does. */
export interface Store extends Journal {
  /** As they are stored, in order, in pages; nothing is checked or turned into today's form. */
  rows(runId: string, options?: { readonly after?: number; readonly limit?: number }): AsyncIterable<StoredEvent>;
  /** Every part of every blob of the run, by name and part, a few at a time; not checked. */
  blobParts(runId: string): AsyncIterable<StoredPart>;
  /**
   * Writes a run as it was exported, all of it or nothing. The caller has verified it.
   * @param content called again where a lost connection has it begin anew. @throws E_RUN_EXISTS
   */
  restore(run: RestoredRun, content: () => AsyncIterable<StoredEvent | StoredPart>): Promise<void>;
  /**
   * Puts other data in the place of some events', erases their salts, removes blobs and says so in the chain, in one
   * transaction. Digests and hashes stay. What was replaced may lie in the store's files until `compact`.
   * @returns what was appended. @throws E_LEASE_LOST
   */
  redact(request: RedactRequest): Promise<readonly RunEvent[]>;
  /**
   * Deletes a run with all that belongs to it.
   * @returns false where it is not there, or has gone on since `headSeq`. @throws E_RUN_HELD
   */
  remove(runId: string, headSeq: number): Promise<boolean>;
  /**
   * Rebuilds the store's files, so that no byte of what was deleted or replaced is left in them and its space is free.
   * @returns false where other processes that read or write keep it from that.
   */
  compact(): Promise<boolean>;
  facts(): Promise<StoreFacts>;
}

/** Replaces secrets in any JSON value or text. The one place where events are written calls it. */
export interface Redactor {
  json<T extends Json>(value: T): T;
  text(value: string): string;
}
