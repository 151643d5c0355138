// A file that proves something, as a person hands it in.
import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';
import type { EvidenceFile } from '../run/people.ts';
import { mediaTypeOf } from './media-type.ts';

/** @throws what reading the file throws. */
export async function readEvidence(path: string): Promise<EvidenceFile> {
  return { name: basename(path), bytes: await readFile(path), mediaType: mediaTypeOf(path) };
}
