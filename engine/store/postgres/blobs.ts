// Blobs in PostgreSQL: a blob is there whole or not at all.
import { type BlobPart, blobParts, digestBlob, joinBlob, streamBlob } from '../blob.ts';
import { type BlobWriter, createBlobWriter } from '../blob-writer.ts';
import { deleteBlob, insertBlobPart, renameBlob, selectBlobParts, selectNextPart } from '../queries/blobs.ts';
import { selectHeadSeq } from '../queries/events.ts';
import { unknownRunError } from '../refusals.ts';
import type { PostgresConnection } from './connection.ts';

export interface NewBlob {
  readonly runId: string;
  readonly bytes: Uint8Array;
  /** Hex, fresh for every blob. */
  readonly salt: string;
}

/** The driver holds what it asked for as text, twice as long: not all of a large blob at once. */
const PARTS_PER_READ = 8;

/** @returns its name. */
export async function putBlob(connection: PostgresConnection, { runId, bytes, salt }: NewBlob): Promise<string> {
  const { db } = connection;
  const digest = digestBlob(salt, bytes);
  await connection.write(async (transaction) => {
    if (!(await transaction.first(selectHeadSeq(db, runId)))) throw unknownRunError(runId);
    for (const { part, data } of blobParts(bytes)) {
      const row = { run_id: runId, digest, part, salt: part === 0 ? salt : null, data };
      // The name is of this call alone, so a part that is there is this very one, of a try whose end was not heard of.
      await transaction.run(insertBlobPart(db, row).onConflict((conflict) => conflict.doNothing()));
    }
  });
  return digest;
}

export async function getBlob(connection: PostgresConnection, runId: string, digest: string): Promise<Uint8Array> {
  const parts: BlobPart[] = [];
  for (;;) {
    const query = selectBlobParts(connection.db, runId, digest).offset(parts.length).limit(PARTS_PER_READ);
    const read = await connection.all(query);
    parts.push(...read);
    if (read.length < PARTS_PER_READ) return joinBlob(runId, digest, parts);
  }
}

/** A first write of a megabyte, or the end, fails with E_RUN_UNKNOWN where there is no such run. */
export function openBlob(connection: PostgresConnection, runId: string, salt: string): BlobWriter {
  const { db } = connection;
  // Each is the same when it is done twice: the connection may have been lost after its commit.
  return createBlobWriter(salt, {
    async put({ name, part, salt: partSalt, data }) {
      await connection.write(async (transaction) => {
        if (part === 0 && !(await transaction.first(selectHeadSeq(db, runId)))) throw unknownRunError(runId);
        const row = { run_id: runId, digest: name, part, salt: partSalt, data };
        await transaction.run(insertBlobPart(db, row).onConflict((conflict) => conflict.doNothing()));
      }, 'process');
    },
    async rename(from, to) {
      await connection.write((transaction) => transaction.run(renameBlob(db, runId, { from, to })));
    },
    async remove(name) {
      await connection.write((transaction) => transaction.run(deleteBlob(db, runId, name)), 'process');
    },
  });
}

export function readBlob(connection: PostgresConnection, runId: string, digest: string): AsyncIterable<Uint8Array> {
  return streamBlob(runId, digest, (after) => connection.first(selectNextPart(connection.db, runId, digest, after)));
}
