// Blobs in SQLite: a blob is there whole or not at all.
import { blobParts, digestBlob, joinBlob, streamBlob } from '../blob.ts';
import { type BlobWriter, createBlobWriter } from '../blob-writer.ts';
import { deleteBlob, insertBlobPart, renameBlob, selectBlobParts, selectNextPart } from '../queries/blobs.ts';
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

/** A first write of a megabyte, or the end, fails with E_RUN_UNKNOWN where there is no such run. */
export function openBlob(connection: SqliteConnection, runId: string, salt: string): BlobWriter {
  const { db } = connection;
  return createBlobWriter(salt, {
    async put({ name, part, salt: partSalt, data }) {
      connection.write(() => {
        if (part === 0 && !connection.first(selectHeadSeq(db, runId))) throw unknownRunError(runId);
        connection.run(insertBlobPart(db, { run_id: runId, digest: name, part, salt: partSalt, data }));
      }, 'process');
    },
    async rename(from, to) {
      connection.write(() => connection.run(renameBlob(db, runId, { from, to })));
    },
    async remove(name) {
      connection.write(() => connection.run(deleteBlob(db, runId, name)), 'process');
    },
  });
}

export function readBlob(connection: SqliteConnection, runId: string, digest: string): AsyncIterable<Uint8Array> {
  return streamBlob(runId, digest, async (after) =>
    connection.first(selectNextPart(connection.db, runId, digest, after)),
  );
}
