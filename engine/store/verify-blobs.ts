// Checks the bytes that events refer to by a salted digest, a part at a time, so that 100 MB of evidence need no memory.
import { createHash, type Hash } from 'node:crypto';
import type { StoredPart } from './journal.ts';

export interface BlobProblem {
  readonly blob: string;
  /** The first event that refers to it; null: none does. */
  readonly seq: number | null;
  readonly reason: string;
}

export interface BlobVerification {
  /** Blobs that hold what they are named for. */
  readonly whole: number;
  readonly problems: readonly BlobProblem[];
}

/**
 * @param parts by name and part.
 * @param needed the first event that refers to a blob, by its name.
 */
export async function verifyBlobs(
  parts: AsyncIterable<StoredPart>,
  needed: ReadonlyMap<string, number>,
): Promise<BlobVerification> {
  const problems: BlobProblem[] = [];
  const seen = new Set<string>();
  let whole = 0;
  const end = (current: Current): void => {
    seen.add(current.name);
    const reason = current.reason ?? (current.hash.digest('hex') === current.name ? null : 'its bytes were changed');
    if (reason === null) whole += 1;
    else problems.push({ blob: current.name, seq: needed.get(current.name) ?? null, reason });
  };
  let current: Current | null = null;
  for await (const part of parts) {
    if (current !== null && current.name !== part.name) {
      end(current);
      current = null;
    }
    current ??= begin(part);
    if (part.part !== current.next) current.reason ??= `its part ${current.next} is missing`;
    current.next = part.part + 1;
    current.hash.update(part.data);
  }
  if (current !== null) end(current);
  for (const [blob, seq] of needed) if (!seen.has(blob)) problems.push({ blob, seq, reason: 'it is missing' });
  return { whole, problems };
}

interface Current {
  readonly name: string;
  readonly hash: Hash;
  next: number;
  reason: string | null;
}

function begin({ name, salt, part }: StoredPart): Current {
  const hash = createHash('sha256').update(salt ?? '', 'hex');
  return { name, hash, next: 0, reason: part === 0 && salt === null ? 'its salt is missing' : null };
}
