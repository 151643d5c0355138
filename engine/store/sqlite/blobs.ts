// Blobs in SQLite: a blob is there whole or not at all.
import { blobParts, digestBlob, joinBlob } from '../blob.ts';
import { insertBlobPart, selectBlobParts } from '../queries/blobs.ts';
import { selectHeadSeq } from '../queries/events.ts';
import { unknownRunError } from '../refusals.ts';
import type { SqliteConnection } from './connection.ts';

export interface NewBlob {
  readonly runId: string;
  readonly bytes: Uint8Array;
  /** Hex, fresh for every blob. */
  readonly salt: string;
}

/** @returns its name. */
export function putBlob(connection: SqliteConnection, { runId, bytes, salt }: NewBlob): string {
  const { db } = connection;
  const digest = digestBlob(salt, bytes);
  connection.write(() => {
    if (!connection.first(selectHeadSeq(db, runId))) throw unknownRunError(runId);
    for (const { part, data } of blobParts(bytes)) {
      connection.run(insertBlobPart(db, { run_id: runId, digest, part, salt: part === 0 ? salt : null, data }));
    }
  });
  return digest;
}

export function getBlob(connection: SqliteConnection, runId: string, digest: string): Uint8Array {
  return joinBlob(runId, digest, connection.all(selectBlobParts(connection.db, runId, digest)));
}
