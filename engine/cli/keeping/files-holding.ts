// Which files hold a value, in any of its forms.
import { closeSync, openSync, readSync } from 'node:fs';
import { createEraser } from '../../store/erase.ts';

const CHUNK_BYTES = 4 * 1024 * 1024;

/** @returns those of `files` that hold it; what is not there holds nothing. */
export function filesHolding(value: string, files: readonly string[]): string[] {
  const { bytes } = createEraser(value);
  // Of the longest form: an encoding takes up to six bytes for one of a text's units, and UTF-16 doubles it.
  const overlap = value.length * 12;
  return files.filter((file) => holds(file, overlap, (chunk) => bytes(chunk) !== null));
}

function holds(file: string, overlap: number, isFound: (chunk: Buffer) => boolean): boolean {
  let descriptor: number;
  try {
    descriptor = openSync(file, 'r');
  } catch {
    return false;
  }
  try {
    const buffer = Buffer.alloc(CHUNK_BYTES + overlap);
    let kept = 0;
    for (;;) {
      const read = readSync(descriptor, buffer, kept, CHUNK_BYTES, null);
      if (read === 0) return false;
      const held = kept + read;
      if (isFound(buffer.subarray(0, held))) return true;
      // A form may stand across two chunks.
      kept = Math.min(overlap, held);
      buffer.copyWithin(0, held - kept, held);
    }
  } finally {
    closeSync(descriptor);
  }
}
