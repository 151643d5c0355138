// What the files of a run's evidence hold, at most a part of one in memory.
import { createHash } from 'node:crypto';
import { RunbookError } from '../../errors.ts';
import { ERASED, type Evidence, type EvidenceDigests } from '../../report/evidence.ts';
import { TOMBSTONE } from '../../store/erase.ts';
import type { Journal } from '../../store/journal.ts';

/** Of one file; or what is wrong with it, in words. */
type Digested = { readonly sha256: string } | { readonly problem: string };

/**
 * SHA-256 over each file's bytes alone, as `sha256sum` prints it. The journal names a file by a salted one, which tells
 * nothing to those who only hold the file.
 */
export async function digestEvidence(
  journal: Pick<Journal, 'readBlob'>,
  runId: string,
  files: readonly Evidence[],
): Promise<EvidenceDigests> {
  const digests = new Map<string, Digested>();
  for (const { blob } of files) {
    if (blob === null || digests.has(blob)) continue;
    digests.set(blob, await digestOf(journal, runId, blob));
  }
  return digests;
}

/** What an erasure leaves in the place of a whole file. Source: store/redact.ts. */
const ERASED_FILES: ReadonlySet<string> = new Set([TOMBSTONE, JSON.stringify(TOMBSTONE)].map(sha256Of));

async function digestOf(journal: Pick<Journal, 'readBlob'>, runId: string, blob: string): Promise<Digested> {
  const hash = createHash('sha256');
  try {
    for await (const bytes of journal.readBlob(runId, blob)) hash.update(bytes);
  } catch (error) {
    if (!(error instanceof RunbookError)) throw error;
    if (error.code === 'E_BLOB_MISSING') return { problem: 'its bytes are missing in the store' };
    if (error.code === 'E_BLOB_CORRUPT') return { problem: 'its bytes in the store were changed' };
    throw error;
  }
  const sha256 = hash.digest('hex');
  return ERASED_FILES.has(sha256) ? { problem: ERASED } : { sha256 };
}

function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
