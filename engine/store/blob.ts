// How a blob is cut and named, the same for every database. Its name is salted: an event holds the name, and a name that
// anybody could compute would tell of a short or well-known file (or of one erased later) what it held.
import { createHash, type Hash } from 'node:crypto';
import { RunbookError } from '../errors.ts';
import { PART_BYTES } from './queries/blobs.ts';

/**
 * A blob's name: hex(SHA-256( salt bytes ‖ the blob's bytes )).
 * @param saltHex 16 random bytes of this blob alone, as 32 hex digits.
 */
export function digestBlob(saltHex: string, bytes: Uint8Array): string {
  return createHash('sha256').update(saltHex, 'hex').update(bytes).digest('hex');
}

/** A part as it is stored. */
export interface BlobPart {
  /** Only the first part holds it. */
  readonly salt: string | null;
  readonly data: Uint8Array;
}

/** At least one part: empty bytes are a blob too. */
export function* blobParts(bytes: Uint8Array): Iterable<{ readonly part: number; readonly data: Uint8Array }> {
  const count = Math.max(1, Math.ceil(bytes.length / PART_BYTES));
  for (let part = 0; part < count; part += 1) {
    yield { part, data: bytes.subarray(part * PART_BYTES, (part + 1) * PART_BYTES) };
  }
}

/** All of a blob. @throws E_BLOB_MISSING, E_BLOB_CORRUPT */
export function joinBlob(runId: string, digest: string, parts: readonly BlobPart[]): Uint8Array {
  const check = createBlobCheck(runId, digest);
  for (const part of parts) check.add(part);
  check.end();
  return new Uint8Array(Buffer.concat(parts.map(({ data }) => data)));
}

/**
 * A blob's bytes, one part in memory at a time.
 * @param next the part behind that one, -1 for the first.
 * @throws E_BLOB_MISSING before the first part; E_BLOB_CORRUPT after the last.
 */
export async function* streamBlob(
  runId: string,
  digest: string,
  next: (after: number) => Promise<(BlobPart & { readonly part: number }) | undefined>,
): AsyncGenerator<Uint8Array, void> {
  const check = createBlobCheck(runId, digest);
  for (let after = -1; ; ) {
    const found = await next(after);
    if (found === undefined) return check.end();
    check.add(found);
    yield found.data;
    after = found.part;
  }
}

/** Looks at a blob's parts in order, as they are read. */
function createBlobCheck(
  runId: string,
  digest: string,
): {
  add(part: BlobPart): void;
  /** @throws E_BLOB_MISSING, E_BLOB_CORRUPT */
  end(): void;
} {
  let hash: Hash | null = null;
  return {
    add({ salt, data }) {
      hash ??= createHash('sha256').update(salt ?? '', 'hex');
      hash.update(data);
    },
    end() {
      if (hash === null) throw missingError(runId, digest);
      if (hash.digest('hex') !== digest) throw corruptError(runId, digest);
    },
  };
}

function missingError(runId: string, digest: string): RunbookError {
  return new RunbookError({
    code: 'E_BLOB_MISSING',
    message: `Run ${runId} keeps no blob ${digest}`,
    hint: `runbook verify ${runId} shows whether its journal is whole`,
  });
}

function corruptError(runId: string, digest: string): RunbookError {
  return new RunbookError({
    code: 'E_BLOB_CORRUPT',
    message: `Blob ${digest} of run ${runId} does not hold the bytes it is named for`,
    hint: 'It was changed or damaged after it was stored; restore the store from a backup or an export',
  });
}
