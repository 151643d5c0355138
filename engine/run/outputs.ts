// Outputs on their way into events and back: small ones stand in the event, large ones in the store's blobs.
import type { Json } from '../json.ts';
import type { Journal, Redactor } from '../store/journal.ts';
import type { StoredOutput } from './events.ts';

/** Source: design, "Blobs". */
const INLINE_BYTES = 64 * 1024;

export interface OutputStore {
  store(value: Json): Promise<StoredOutput>;
  load(output: StoredOutput): Promise<Json>;
}

export function createOutputStore(options: { journal: Journal; redactor: Redactor; runId: string }): OutputStore {
  const { journal, redactor, runId } = options;
  return {
    async store(value) {
      const text = JSON.stringify(value);
      // Most outputs are small: their length in UTF-16 units already tells that their bytes fit.
      if (text.length * 3 <= INLINE_BYTES || Buffer.byteLength(text) <= INLINE_BYTES) return { value };
      const bytes = Buffer.from(JSON.stringify(redactor.json(value)));
      const blob = await journal.putBlob(runId, bytes);
      return { ref: { blob, sizeBytes: bytes.length, mediaType: 'application/json' } };
    },
    async load(output) {
      if ('value' in output) return output.value;
      return JSON.parse(Buffer.from(await journal.getBlob(runId, output.ref.blob)).toString('utf8')) as Json;
    },
  };
}
