// A blob that comes piece by piece: at most one part of it is in memory. Until it has ended its parts lie under a name that
// nothing refers to; only then is its own name known, which is a digest of all of it.
import { createHash, randomUUID } from 'node:crypto';
import { PART_BYTES, UNENDED } from './queries/blobs.ts';

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
  /** Safe from an end of the process when it resolves; `data` is written over after that. */
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
  /** Of the part that is being filled. */
  let buffer: Buffer | undefined;
  let filled = 0;
  let sizeBytes = 0;
  let parts = 0;

  const flush = async (): Promise<void> => {
    const data = buffer?.subarray(0, filled) ?? new Uint8Array();
    const part = parts;
    parts += 1;
    filled = 0;
    await sink.put({ name, part, salt: part === 0 ? salt : null, data });
  };

  return {
    async write(bytes) {
      hash.update(bytes);
      sizeBytes += bytes.length;
      for (let at = 0; at < bytes.length; ) {
        buffer ??= Buffer.allocUnsafe(PART_BYTES);
        const piece = bytes.subarray(at, at + PART_BYTES - filled);
        buffer.set(piece, filled);
        filled += piece.length;
        at += piece.length;
        if (filled === PART_BYTES) await flush();
      }
    },
    async end() {
      // Empty bytes are a blob too.
      if (filled > 0 || parts === 0) await flush();
      const digest = hash.digest('hex');
      await sink.rename(name, digest);
      return { name: digest, sizeBytes };
    },
    discard: () => sink.remove(name),
  };
}
