// A blob that comes piece by piece: at most one part of it is in memory. Until it has ended its parts lie under a name that
// nothing refers to; only then is its own name known, which is a digest of all of it.
import { createHash, randomUUID } from 'node:crypto';
import { PART_BYTES } from './queries/blobs.ts';

/** Begins the names of blobs that have not ended; none of hex digits does. */
export const UNENDED = '~';

export interface BlobWriter {
  /** Resolves when more may come. What was written before an end of this process is thrown away by the next writer. */
  write(bytes: Uint8Array): Promise<void>;
  /** Durable when it resolves. @returns its name and size. */
  end(): Promise<{ readonly name: string; readonly sizeBytes: number }>;
  /** Takes away what was written; also after a failure. */
  discard(): Promise<void>;
}

/** What a database does for a writer. */
export interface BlobSink {
  /** Safe from an end of the process when it resolves. */
  put(part: {
    readonly name: string;
    readonly part: number;
    readonly salt: string | null;
    readonly data: Uint8Array;
  }): Promise<void>;
  /** Durable, with all parts put before, when it resolves. */
  rename(from: string, to: string): Promise<void>;
  remove(name: string): Promise<void>;
}

/** @param salt 16 random bytes of this blob alone, as hex. */
export function createBlobWriter(salt: string, sink: BlobSink): BlobWriter {
  const name = `${UNENDED}${randomUUID()}`;
  const hash = createHash('sha256').update(salt, 'hex');
  let pieces: Uint8Array[] = [];
  let heldBytes = 0;
  let sizeBytes = 0;
  let parts = 0;

  const flush = async (bytes: number): Promise<void> => {
    const held = Buffer.concat(pieces);
    const data = held.subarray(0, bytes);
    const rest = held.subarray(bytes);
    // A copy: the part that was put must not stay in memory for its sake.
    pieces = rest.length === 0 ? [] : [Buffer.from(rest)];
    heldBytes = rest.length;
    const part = parts;
    parts += 1;
    await sink.put({ name, part, salt: part === 0 ? salt : null, data });
  };

  return {
    async write(bytes) {
      hash.update(bytes);
      // A copy: whoever wrote may use its buffer again.
      pieces.push(Uint8Array.from(bytes));
      heldBytes += bytes.length;
      sizeBytes += bytes.length;
      while (heldBytes >= PART_BYTES) await flush(PART_BYTES);
    },
    async end() {
      // Empty bytes are a blob too.
      if (heldBytes > 0 || parts === 0) await flush(heldBytes);
      const digest = hash.digest('hex');
      await sink.rename(name, digest);
      return { name: digest, sizeBytes };
    },
    discard: () => sink.remove(name),
  };
}
