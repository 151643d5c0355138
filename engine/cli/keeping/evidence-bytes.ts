// What the files of a run's evidence hold, one file in memory at a time.
import { createHash } from 'node:crypto';
import { RunbookError } from '../../errors.ts';
import { ERASED, type Evidence, type EvidenceDigests } from '../../report/evidence.ts';
import { TOMBSTONE } from '../../store/erase.ts';
import type { Journal } from '../../store/journal.ts';

/**
 * SHA-256 over each file's bytes alone, as `sha256sum` prints it. The journal names a file by a salted one, which tells
 * nothing to those who only hold the file.
 */
export async function digestEvidence(
  journal: Pick<Journal, 'getBlob'>,
  runId: string,
  files: readonly Evidence[],
): Promise<EvidenceDigests> {
  const digests = new Map<string, { readonly sha256: string } | { readonly problem: string }>();
  for (const { blob } of files) {
    if (blob === null || digests.has(blob)) continue;
    const found = await bytesOf(journal, runId, blob);
    digests.set(blob, 'bytes' in found ? { sha256: createHash('sha256').update(found.bytes).digest('hex') } : found);
  }
  return digests;
}

/** What an erasure leaves in the place of a whole file. Source: store/redact.ts. */
const ERASED_FILES = [Buffer.from(TOMBSTONE), Buffer.from(JSON.stringify(TOMBSTONE))];

/** Of one file; or what is wrong with it, in words. */
export async function bytesOf(
  journal: Pick<Journal, 'getBlob'>,
  runId: string,
  blob: string,
): Promise<{ readonly bytes: Uint8Array } | { readonly problem: string }> {
  try {
    const bytes = await journal.getBlob(runId, blob);
    return ERASED_FILES.some((text) => text.equals(bytes)) ? { problem: ERASED } : { bytes };
  } catch (error) {
    if (!(error instanceof RunbookError)) throw error;
    if (error.code === 'E_BLOB_MISSING') return { problem: 'its bytes are missing in the store' };
    if (error.code === 'E_BLOB_CORRUPT') return { problem: 'its bytes in the store were changed' };
    throw error;
  }
}
