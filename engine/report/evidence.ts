// The files that people gave with their answers. Pure: what the files hold is looked at by the caller.
import { isJsonObject, type Json } from '../json.ts';
import type { BlobRef, RunEvent } from '../run/events.ts';
import type { RunState } from '../run/state.ts';
import { titleIn } from './in-loops.ts';

/** What is said of a file of which nothing is left. */
export const ERASED = 'it was erased';

/** A file as the journal refers to it. */
export interface Evidence {
  readonly step: string;
  /** Of the step, after those of the called playbooks it is in. */
  readonly title: string;
  /** As it was called where it came from; null: there is no reference to a file any more. */
  readonly name: string | null;
  readonly sizeBytes: number;
  readonly mediaType: string;
  /** Its name in the store. */
  readonly blob: string | null;
  readonly by: string;
  /** ISO 8601, UTC. */
  readonly at: string;
}

/** By the name of a blob: hex(SHA-256(the file's bytes)), or why there is none, in words. */
export type EvidenceDigests = ReadonlyMap<string, { readonly sha256: string } | { readonly problem: string }>;

/** A file as a report tells of it. */
export interface EvidenceFact extends Omit<Evidence, 'blob'> {
  readonly sha256: string | null;
  /** What is wrong with it; null: nothing that is known. */
  readonly problem: string | null;
}

/** Of an event folded into `state` just before. */
export function evidenceOf(event: RunEvent, state: RunState): readonly Evidence[] {
  if ((event.type !== 'manual.answered' && event.type !== 'artifact.kept') || event.step === undefined) return [];
  const { step, at } = event;
  const { by } = event.data;
  const title = titleIn(state, step);
  // An erasure leaves a text in the place of a reference.
  const entries: readonly (BlobRef | Json)[] = event.data.evidence;
  return entries.map((one) => {
    if (!isJsonObject(one) || typeof one.blob !== 'string')
      return { step, title, name: null, sizeBytes: 0, mediaType: '', blob: null, by, at };
    const { blob, sizeBytes, mediaType, name } = one;
    return {
      step,
      title,
      name: typeof name === 'string' ? name : 'file',
      sizeBytes: Number(sizeBytes),
      mediaType: String(mediaType),
      blob,
      by,
      at,
    };
  });
}

export function evidenceFact({ blob, ...rest }: Evidence, digests: EvidenceDigests): EvidenceFact {
  if (blob === null) return { ...rest, sha256: null, problem: ERASED };
  const known = digests.get(blob);
  if (known === undefined) return { ...rest, sha256: null, problem: null };
  return 'sha256' in known ? { ...rest, ...known, problem: null } : { ...rest, sha256: null, ...known };
}
