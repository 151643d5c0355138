// Blobs in SQLite: a blob is there whole or not at all.
import { blobParts, digestBlob, joinBlob } from '../blob.ts';
import { insertBlobPart, selectBlobExists, selectBlobParts } from '../queries/blobs.ts';
import { selectHeadSeq } from '../queries/events.ts';
import { unknownRunError } from '../refusals.ts';
import type { SqliteConnection } from './connection.ts';

export function putBlob(connection: SqliteConnection, runId: string, bytes: Uint8Array): string {
  const { db } = connection;
  const digest = digestBlob(bytes);
  connection.write(() => {
    if (!connection.first(selectHeadSeq(db, runId))) throw unknownRunError(runId);
    if (connection.first(selectBlobExists(db, runId, digest))) return;
    for (const { part, data } of blobParts(bytes)) {
      connection.run(insertBlobPart(db, { run_id: runId, digest, part, data }));
    }
  });
  return digest;
}

export function getBlob(connection: SqliteConnection, runId: string, digest: string): Uint8Array {
  const parts = connection.all(selectBlobParts(connection.db, runId, digest));
  return joinBlob(
    runId,
    digest,
    parts.map(({ data }) => data),
  );
}
