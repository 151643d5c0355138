// Which blobs an event refers to. Only the places where the engine itself puts a reference count: what an action's output
// or a person's answer holds may look like one.
import { isJsonObject, type Json, type JsonObject } from '../json.ts';

export interface FoundRef {
  /** The blob's name. */
  readonly blob: string;
  readonly sizeBytes: number;
  readonly mediaType: string;
  readonly name?: string;
  /** Where it stands in the data, as people write it: `output.ref`, `evidence[2]`. */
  readonly path: readonly (string | number)[];
}

const NAME = /^[0-9a-f]{64}$/;

/** @param data of an event, of any version. */
export function blobRefsOf(data: JsonObject): readonly FoundRef[] {
  const places: (readonly [Json | undefined, readonly (string | number)[]])[] = [
    [refIn(data.output), ['output', 'ref']],
    [refIn(data.items), ['items', 'ref']],
  ];
  if (Array.isArray(data.evidence))
    places.push(...data.evidence.map((one: Json, index: number) => [one, ['evidence', index]] as const));
  return places.flatMap(([value, path]) => {
    if (!isJsonObject(value)) return [];
    const { blob, sizeBytes, mediaType, name } = value;
    if (typeof blob !== 'string' || !NAME.test(blob) || typeof sizeBytes !== 'number') return [];
    return [
      {
        blob,
        sizeBytes,
        mediaType: typeof mediaType === 'string' ? mediaType : '',
        ...(typeof name === 'string' ? { name } : {}),
        path,
      },
    ];
  });
}

function refIn(output: Json | undefined): Json | undefined {
  return isJsonObject(output) ? output.ref : undefined;
}
