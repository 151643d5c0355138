// How a blob is cut and named, the same for every database.
import { createHash } from 'node:crypto';
import { RunbookError } from '../errors.ts';
import { PART_BYTES } from './queries/blobs.ts';

/** SHA-256, hex. */
export function digestBlob(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** At least one part: empty bytes are a blob too. */
export function* blobParts(bytes: Uint8Array): Iterable<{ readonly part: number; readonly data: Uint8Array }> {
  const count = Math.max(1, Math.ceil(bytes.length / PART_BYTES));
  for (let part = 0; part < count; part += 1) {
    yield { part, data: bytes.subarray(part * PART_BYTES, (part + 1) * PART_BYTES) };
  }
}

/** @throws E_BLOB_MISSING, E_BLOB_CORRUPT */
export function joinBlob(runId: string, digest: string, parts: readonly Uint8Array[]): Uint8Array {
  if (parts.length === 0) {
    throw new RunbookError({
      code: 'E_BLOB_MISSING',
      message: `Run ${runId} keeps no blob ${digest}`,
      hint: `runbook verify ${runId} shows whether its journal is whole`,
    });
  }
  const bytes = new Uint8Array(Buffer.concat(parts));
  if (digestBlob(bytes) !== digest) {
    throw new RunbookError({
      code: 'E_BLOB_CORRUPT',
      message: `Blob ${digest} of run ${runId} does not hold the bytes it is named for`,
      hint: 'It was changed or damaged after it was stored; restore the store from a backup or an export',
    });
  }
  return bytes;
}
